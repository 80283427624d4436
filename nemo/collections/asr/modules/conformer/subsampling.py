"""Fewer frames for an encoder: convolutions of stride two, or stacked frames.

features [B, F, D] -> [B, S, H], S = about F / factor
B batch, F feature frames, D features, C channels, H width of the encoder, S encoder frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.subsampling_blocks import convolve_in_blocks, fast_layer, stages_of
from nemo.collections.common.modules.linear import Linear
from nemo.utils.exceptions import ConfigError

KERNEL = 3


class CausalConv2d(nn.Conv2d):
    """A convolution that pads in front, so that no frame depends on later ones than its last tap reaches."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding=0, groups=groups)
        self.front, self.behind = kernel_size - 1, stride - 1
        self.time_padding = self.front, self.behind

    def forward(self, x: Tensor) -> Tensor:
        """Convolves [B, C, F, D]."""
        return super().forward(F.pad(x, (self.front, self.behind, self.front, self.behind)))


class ConvSubsampling(nn.Module):
    """Stages of convolutions, each of which halves time and frequency, and a projection.

    `striding` (Gulati et al., 2020, https://arxiv.org/abs/2005.08100) has one convolution a stage, `dw_striding`
    (FastConformer, Rekesh et al., 2023, https://arxiv.org/abs/2305.05084) a depthwise and a pointwise one from the
    second stage on, `vggnet` two of stride one and a pooling. The names `conv` and `out` are fixed by archives.

    Args:
        subsampling: striding, dw_striding or vggnet.
        subsampling_factor: frames that become one; a power of two.
        feat_in: D.
        feat_out: H.
        conv_channels: C.
        activation: between convolutions.
        is_causal: pad in front only.
        conv_chunking_factor: 1: a batch that would need too large a buffer is split; -1: never; more: into so many.

    Raises:
        ConfigError: the factor is no power of two, or the kind is not known.
    """

    def __init__(
        self,
        subsampling: str,
        subsampling_factor: int,
        feat_in: int,
        feat_out: int,
        conv_channels: int,
        activation: nn.Module | None = None,
        is_causal: bool = False,
        conv_chunking_factor: int = 1,
    ) -> None:
        super().__init__()
        if subsampling_factor < 2 or subsampling_factor & (subsampling_factor - 1):
            raise ConfigError(
                f"encoder.subsampling_factor is {subsampling_factor}; {subsampling} needs 2, 4, 8 or another power of "
                "two. Choose one, or subsampling: stacking."
            )
        self.subsampling = subsampling
        self.subsampling_factor = subsampling_factor
        self.conv_channels = conv_channels
        self.is_causal = is_causal
        self.conv_chunking_factor = conv_chunking_factor
        self.masks_padding = False
        """Set frames beyond the lengths to zero before each convolution and pooling, as newer releases do."""
        self.stages = int(math.log2(subsampling_factor))
        layers = _STAGES[subsampling](self.stages, conv_channels, activation or nn.ReLU(), is_causal)
        self.conv = nn.Sequential(*layers)
        bands = int(self.frames_after(torch.tensor(float(feat_in), device="cpu")))
        self.out = Linear(conv_channels * bands, feat_out)

    def frames_after(self, lengths: Tensor) -> Tensor:
        """Frames left of `lengths` [any] frames; as integers."""
        for _ in range(self.stages):
            lengths = self._frames_after_stage(lengths)
        return lengths.to(torch.int64)

    def _frames_after_stage(self, lengths: Tensor) -> Tensor:
        if self.subsampling == "vggnet":
            return torch.ceil(lengths / 2)
        padding = (KERNEL - 1) + 1 if self.is_causal else 2 * ((KERNEL - 1) // 2)
        return torch.floor((lengths + padding - KERNEL) / 2) + 1

    @property
    def sampling_frames(self) -> list[int]:
        """Feature frames for the first encoder frame, and for each further one."""
        return [1, self.subsampling_factor]

    @property
    def streaming_cache_size(self) -> list[int]:
        """Feature frames that go before a chunk so that its encoder frames are right: the first chunk, the others."""
        return [0, self.subsampling_factor + 1]

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Subsamples.

        Args:
            x: [B, F, D].
            lengths: [B] valid frames.

        Returns:
            [B, S, H] and [B] valid frames of it.
        """
        x = x.unsqueeze(1)  # [B, 1, F, D]
        if self._is_split(x):
            rows = self._rows_at_once(x)
            x = torch.cat([self._convolve(*part) for part in zip(x.split(rows), lengths.split(rows), strict=True)])
        else:
            x = self._convolve(x, lengths)
        batch, _, frames, _ = x.shape
        return self.out(x.transpose(1, 2).reshape(batch, frames, -1)), self.frames_after(lengths)

    def _convolve(self, x: Tensor, lengths: Tensor) -> Tensor:
        """[B, 1, F, D] -> [B, C, S, D']."""
        stages = stages_of(list(self.conv)) if _is_plain_computation(x) else None
        if stages is not None:
            return convolve_in_blocks(stages, x, lengths if self.masks_padding else None)
        is_training = _is_plain_training(x)
        if not self.masks_padding and not is_training:
            return self.conv(x)
        for layer in self.conv:
            if self.masks_padding and isinstance(layer, nn.Conv2d | nn.MaxPool2d):
                x = _without_padding(x, lengths)
            x = fast_layer(layer, x) if is_training else layer(x)
            if getattr(layer, "stride", 1) not in (1, (1, 1)):
                lengths = self._frames_after_stage(lengths)
        return _without_padding(x, lengths) if self.masks_padding else x

    def _is_split(self, x: Tensor) -> bool:
        return not torch.jit.is_tracing() and self._rows_at_once(x) < x.shape[0]

    def _rows_at_once(self, x: Tensor) -> int:
        """Utterances for which the first convolution's result has less than 2^31 elements, or as is asked for."""
        if self.conv_chunking_factor == -1:
            return x.shape[0]
        if self.conv_chunking_factor > 1:
            return max(x.shape[0] // self.conv_chunking_factor, 1)
        elements = self.conv_channels * (x.shape[2] // 2 + 1) * (x.shape[3] // 2 + 1)
        return max(1, min(x.shape[0], (2**31 - 1) // max(int(elements), 1)))

    def change_subsampling_conv_chunking_factor(self, subsampling_conv_chunking_factor: int) -> None:
        """Sets how a large batch is split: -1, 1 or a power of two; see the class.

        Raises:
            ConfigError: another number.
        """
        factor = subsampling_conv_chunking_factor
        if factor not in (-1, 1) and (factor < 1 or factor & (factor - 1)):
            raise ConfigError(
                f"the chunking factor is {factor}; expected -1 (never split), 1 (split when needed) or a power of two."
            )
        self.conv_chunking_factor = factor


def _without_padding(x: Tensor, lengths: Tensor) -> Tensor:
    """`x` [B, C, F, D] with zeros beyond the lengths [B]; itself where it is known that nothing is."""
    frames = x.shape[2]
    is_known = lengths.device.type == "cpu" and not torch.jit.is_tracing() and not torch.compiler.is_compiling()
    if is_known and bool((lengths >= frames).all()):
        return x
    is_padding = torch.arange(frames, device=x.device) >= lengths[:, None].to(x.device)
    return x.masked_fill(is_padding[:, None, :, None], 0.0)


def _is_plain_computation(x: Tensor) -> bool:
    """Whether float32 or bfloat16 numbers are computed on a CPU, without gradients, as the code stands."""
    return not torch.is_grad_enabled() and x.dtype in (torch.float32, torch.bfloat16) and _runs_on_cpu(x)


def _is_plain_training(x: Tensor) -> bool:
    """Whether float32 numbers are computed on a CPU, with gradients, as the code stands."""
    return torch.is_grad_enabled() and x.dtype == torch.float32 and _runs_on_cpu(x)


def _runs_on_cpu(x: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and not torch.jit.is_tracing()
        and not torch.compiler.is_compiling()
    )


def _convolution(into: int, out: int, stride: int, groups: int, is_causal: bool) -> nn.Conv2d:
    if is_causal:
        return CausalConv2d(into, out, KERNEL, stride, groups)
    return nn.Conv2d(into, out, KERNEL, stride, padding=(KERNEL - 1) // 2, groups=groups)


def _striding(stages: int, channels: int, activation: nn.Module, is_causal: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for stage in range(stages):
        layers += [_convolution(1 if stage == 0 else channels, channels, 2, 1, is_causal), activation]
    return layers


def _dw_striding(stages: int, channels: int, activation: nn.Module, is_causal: bool) -> list[nn.Module]:
    layers: list[nn.Module] = [_convolution(1, channels, 2, 1, is_causal), activation]
    for _ in range(stages - 1):
        layers += [
            _convolution(channels, channels, 2, channels, is_causal),
            nn.Conv2d(channels, channels, 1),
            activation,
        ]
    return layers


def _vggnet(stages: int, channels: int, activation: nn.Module, is_causal: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for stage in range(stages):
        layers += [_convolution(1 if stage == 0 else channels, channels, 1, 1, False), activation]
        layers += [_convolution(channels, channels, 1, 1, False), activation]
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2, ceil_mode=True))
    return layers


_STAGES = {"striding": _striding, "dw_striding": _dw_striding, "vggnet": _vggnet}


class StackingSubsampling(nn.Module):
    """Neighbouring frames become one, with a projection. The names are fixed by archives.

    Args:
        subsampling_factor: frames that become one.
        feat_in: D.
        feat_out: H.
        norm: normalise the stacked frames first.
    """

    def __init__(self, subsampling_factor: int, feat_in: int, feat_out: int, norm: bool = False) -> None:
        super().__init__()
        self.subsampling_factor = subsampling_factor
        self.proj_out = Linear(subsampling_factor * feat_in, feat_out)
        self.pre_norm = nn.LayerNorm(subsampling_factor * feat_in) if norm else None

    def frames_after(self, lengths: Tensor) -> Tensor:
        """Frames left of `lengths` [any] frames; the last may be part padding."""
        return torch.div(lengths + self.subsampling_factor - 1, self.subsampling_factor, rounding_mode="floor")

    @property
    def sampling_frames(self) -> int:
        """Feature frames for each encoder frame."""
        return self.subsampling_factor

    @property
    def streaming_cache_size(self) -> int:
        """Feature frames that go before a chunk: none."""
        return 0

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Subsamples [B, F, D] with lengths [B]; gives [B, S, H] and lengths [B]."""
        batch, frames, width = x.shape
        x = F.pad(x, (0, 0, 0, -frames % self.subsampling_factor))
        x = x.reshape(batch, -1, width * self.subsampling_factor)
        if self.pre_norm is not None:
            x = self.pre_norm(x)
        return self.proj_out(x), self.frames_after(lengths)


def make_subsampling(
    subsampling: str,
    subsampling_factor: int,
    feat_in: int,
    feat_out: int,
    conv_channels: int,
    is_causal: bool,
    conv_chunking_factor: int = 1,
) -> nn.Module:
    """The subsampling of a config.

    Raises:
        ConfigError: an unknown kind.
    """
    if subsampling in ("stacking", "stacking_norm"):
        return StackingSubsampling(subsampling_factor, feat_in, feat_out, norm=subsampling == "stacking_norm")
    if subsampling in _STAGES:
        return ConvSubsampling(
            subsampling,
            subsampling_factor,
            feat_in,
            feat_out,
            conv_channels,
            is_causal=is_causal,
            conv_chunking_factor=conv_chunking_factor,
        )
    known: Sequence[str] = [*_STAGES, "stacking", "stacking_norm"]
    raise ConfigError(f"encoder.subsampling is {subsampling!r}; expected one of {', '.join(known)}. Choose one.")
