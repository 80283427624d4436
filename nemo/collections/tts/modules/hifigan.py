"""HiFi-GAN's generator: log-mel spectrograms in, audio out (Kong et al., 2020, section 2.2).

mel [B, D, F] -> convolution [B, C, F] -> for each rate r: C / 2, F * r, and the mean of residual blocks -> [B, 1, T]
B batch, D mel bands, F frames, C channels, T samples: F times the product of the rates.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.channels_last import as_image, convolve, in_tiles, is_fast_here
from nemo.collections.tts.modules.receptive_field import Reach, widest
from nemo.collections.tts.modules.weight_norm import remove_weight_norm, weight_norm
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AudioSignal, MelSpectrogramType, NeuralType
from nemo.utils.exceptions import ConfigError

SLOPE = 0.1
"""Of the leaky rectifiers inside."""
LAST_SLOPE = 0.01
"""Of the one before the last convolution."""
FIRST_DEVIATION = 0.01
"""Of the normal distribution that weights come from."""


def _convolution(channels: int, kernel: int, dilation: int) -> nn.Module:
    padding = (kernel - 1) * dilation // 2
    layer = nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=padding)
    nn.init.normal_(layer.weight, 0.0, FIRST_DEVIATION)
    return weight_norm(layer)


class ResBlock1(nn.Module):
    """Pairs of convolutions, the first of each dilated, each pair with a residual connection."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_convolution(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_convolution(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T], or [B, C, 1, T] -> [B, C, 1, T]."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            inner = F.leaky_relu_(convolve(dilated, F.leaky_relu(x, SLOPE)), SLOPE)
            x = convolve(plain, inner).add_(x)
        return x

    def reach(self, reach: Reach) -> Reach:
        """Of the input, where that of the output is given."""
        pairs = zip(self.convs1, self.convs2, strict=True)
        return reach.through_convolutions(layer for pair in pairs for layer in pair)


class ResBlock2(nn.Module):
    """Dilated convolutions, each with a residual connection: the small generator's (V3)."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_convolution(channels, kernel, dilation) for dilation in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T], or [B, C, 1, T] -> [B, C, 1, T]."""
        for layer in self.convs:
            x = convolve(layer, F.leaky_relu(x, SLOPE)).add_(x)
        return x

    def reach(self, reach: Reach) -> Reach:
        """Of the input, where that of the output is given."""
        return reach.through_convolutions(self.convs)


def _reach(blocks: Any, reach: Reach) -> Reach:
    """Of the input of residual blocks side by side."""
    return widest(block.reach(reach) for block in blocks)


RESIDUAL_BLOCKS: dict[int, type[ResBlock1] | type[ResBlock2]] = {1: ResBlock1, 2: ResBlock2}


def generate(x: Tensor, ups: Iterable[nn.Module], resblocks: Iterable[Any], conv_post: nn.Module) -> Tensor:
    """Audio of what the first convolution found.

    Args:
        x: [B, C, F]; it is changed in place.
        ups: the transposed convolutions.
        resblocks: the residual blocks after each.
        conv_post: the last convolution.

    Returns:
        [B, 1, T].
    """
    if is_fast_here(x):
        x = as_image(x)
    for widening, blocks in zip(ups, resblocks, strict=True):
        x = convolve(widening, F.leaky_relu_(x, SLOPE))
        mean = functools.partial(_mean, blocks)
        x = mean(x) if x.dim() == 3 else in_tiles(mean, x, _reach(blocks, Reach()))
    audio = convolve(conv_post, F.leaky_relu_(x, LAST_SLOPE)).tanh_()
    return audio if audio.dim() == 3 else audio.squeeze(2)


def _mean(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    return functools.reduce(Tensor.add_, (block(x) for block in blocks)).div_(len(blocks))


class Generator(NeuralModule):
    """Turns mel spectrograms into audio.

    Args:
        resblock: 1 (V1, V2) or 2 (V3): the kind of residual block.
        upsample_rates: factors of the transposed convolutions; their product is the hop of the spectrogram.
        upsample_kernel_sizes: their kernels, each at least its rate.
        upsample_initial_channel: channels before the first; each halves them.
        resblock_kernel_sizes: kernels of the residual blocks, whose outputs are averaged.
        resblock_dilation_sizes: the dilations of each.
        initial_input_size: mel bands.
        apply_weight_init_conv_pre: draw the weights of the first convolution as those of the others.

    Raises:
        ConfigError: lists whose lengths differ, or an unknown kind of block.
    """

    def __init__(
        self,
        resblock: int | str,
        upsample_rates: Sequence[int],
        upsample_kernel_sizes: Sequence[int],
        upsample_initial_channel: int,
        resblock_kernel_sizes: Sequence[int],
        resblock_dilation_sizes: Sequence[Sequence[int]],
        initial_input_size: int = 80,
        apply_weight_init_conv_pre: bool = False,
    ) -> None:
        super().__init__()
        _check_same_length(upsample_rates=upsample_rates, upsample_kernel_sizes=upsample_kernel_sizes)
        _check_same_length(resblock_kernel_sizes=resblock_kernel_sizes, resblock_dilation_sizes=resblock_dilation_sizes)
        if int(resblock) not in RESIDUAL_BLOCKS:
            raise ConfigError(f"generator.resblock is {resblock!r}. Expected 1 or 2.")
        block = RESIDUAL_BLOCKS[int(resblock)]
        self.hop_length = 1
        first = nn.Conv1d(initial_input_size, upsample_initial_channel, 7, padding=3)
        if apply_weight_init_conv_pre:
            nn.init.normal_(first.weight, 0.0, FIRST_DEVIATION)
        self.conv_pre = weight_norm(first)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        channels = upsample_initial_channel
        for rate, kernel in zip(upsample_rates, upsample_kernel_sizes, strict=True):
            widening = nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2)
            nn.init.normal_(widening.weight, 0.0, FIRST_DEVIATION)
            self.ups.append(weight_norm(widening))
            channels //= 2
            self.hop_length *= rate
            sizes = zip(resblock_kernel_sizes, resblock_dilation_sizes, strict=True)
            self.resblocks.append(nn.ModuleList(block(channels, size, dilations) for size, dilations in sizes))
        last = nn.Conv1d(channels, 1, 7, padding=3)
        nn.init.normal_(last.weight, 0.0, FIRST_DEVIATION)
        self.conv_post = weight_norm(last)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Log-mel spectrograms."""
        return {"x": NeuralType(("B", "D", "T"), MelSpectrogramType())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Audio between -1 and 1."""
        return {"audio": NeuralType(("B", "S", "T"), AudioSignal())}

    @typecheck()
    def forward(self, x: Tensor) -> Tensor:
        """Audio of spectrograms.

        Args:
            x: [B, D, F] log-mel spectrograms.

        Returns:
            [B, 1, F * hop_length].
        """
        return generate(self.conv_pre(x), self.ups, self.resblocks, self.conv_post)

    @property
    def context_frames(self) -> int:
        """Frames before and after its own that a sample may depend on: 13 for V1 and V2 of 22.05 kHz, 11 for V3."""
        reach = Reach().through_convolution(self.conv_post)
        for widening, blocks in reversed(list(zip(self.ups, self.resblocks, strict=True))):
            reach = _reach(blocks, reach)
            reach = reach.through_transposed(widening)
        reach = reach.through_convolution(self.conv_pre)
        return max(reach.before, reach.after)

    def remove_weight_norm(self) -> None:
        """Folds the weight norms: the same audio, a little faster. Training goes on without them."""
        remove_weight_norm(self)


def _check_same_length(**lists: Sequence[object]) -> None:
    (name, values), (other_name, others) = lists.items()
    if len(values) != len(others):
        raise ConfigError(
            f"generator.{name} has {len(values)} items and generator.{other_name} {len(others)}; they belong together. "
            "Give both the same number."
        )
