"""Generator and discriminator of the spectrogram enhancer, after StyleGAN 2 (Karras et al., 2020, arXiv:1912.04958).

    constant [B, C, D / 2^n, F / 2^n] -> blocks, each of twice the size -> spectrogram [B, 1, D, F]
         the spectrogram that is to be enhanced is averaged in, at the size of each block ^

B batch, C channels, D mel bands, F frames, L latent dimension, n doublings. Unlike images, spectrograms have lengths:
whatever lies beyond them is set to zero after each layer, so batches give what items give one by one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.style_layers import (
    SLOPE,
    Blur,
    Conv2DMod,
    StyleMapping,
    doubling,
    halved,
    mask_frames,
)
from nemo.core.classes.neural_module import NeuralModule
from nemo.utils.exceptions import ConfigError


class RGBBlock(nn.Module):
    """Adds a block's part to the spectrogram, and doubles its size for the next block.

    Args:
        latent_dim: L.
        input_channel: channels of the block.
        upsample: double the size.
        channels: of the spectrogram.
    """

    def __init__(self, latent_dim: int, input_channel: int, upsample: bool, channels: int = 1) -> None:
        super().__init__()
        self.to_style = nn.Linear(latent_dim, input_channel)
        self.conv = Conv2DMod(input_channel, channels, 1, demod=False)
        self.upsample = nn.Sequential(doubling(), Blur()) if upsample else None

    def forward(self, x: Tensor, prev_rgb: Tensor | None, style: Tensor) -> Tensor:
        """[B, C, d, f], with the spectrogram so far and styles [B, L] -> spectrogram of the next size."""
        x = self.conv(x, self.to_style(style))
        if prev_rgb is not None:
            x = x + prev_rgb
        return x if self.upsample is None else self.upsample(x)


class GeneratorBlock(nn.Module):
    """Two modulated convolutions with noise, at one size.

    Args:
        latent_dim: L.
        input_channels: channels in.
        filters: channels out.
        upsample: double the size first.
        upsample_rgb: double that of the spectrogram afterwards.
        channels: of the spectrogram.
    """

    def __init__(
        self,
        latent_dim: int,
        input_channels: int,
        filters: int,
        upsample: bool = True,
        upsample_rgb: bool = True,
        channels: int = 1,
    ) -> None:
        super().__init__()
        # names fixed by archives
        self.upsample = doubling() if upsample else None
        self.to_style1, self.to_noise1 = nn.Linear(latent_dim, input_channels), nn.Linear(1, filters)
        self.conv1 = Conv2DMod(input_channels, filters, 3)
        self.to_style2, self.to_noise2 = nn.Linear(latent_dim, filters), nn.Linear(1, filters)
        self.conv2 = Conv2DMod(filters, filters, 3)
        self.activation = nn.LeakyReLU(SLOPE)
        self.to_rgb = RGBBlock(latent_dim, filters, upsample_rgb, channels)
        for layer in (self.to_noise1, self.to_noise2):  # noise begins without effect
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self, x: Tensor, prev_rgb: Tensor | None, style: Tensor, noise: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One block.

        Args:
            x: [B, C, d, f] of the size before.
            prev_rgb: [B, 1, d', f'], the spectrogram so far, of this block's size.
            style: [B, L].
            noise: [B, D, F, 1], of which as much is used as the size has.
            lengths: [B] frames of this block's size.

        Returns:
            Features of this size, and the spectrogram of the next.
        """
        if self.upsample is not None:
            x = mask_frames(self.upsample(x), lengths)
        noise = noise[:, : x.shape[2], : x.shape[3]]
        layers = ((self.conv1, self.to_style1, self.to_noise1), (self.conv2, self.to_style2, self.to_noise2))
        for convolution, to_style, to_noise in layers:
            x = convolution(x, to_style(style)) + to_noise(noise).permute(0, 3, 1, 2)
            x = mask_frames(self.activation(x), lengths)
        return x, self.to_rgb(x, prev_rgb, style)


class DiscriminatorBlock(nn.Module):
    """Two convolutions beside a residual one; then half the size.

    Args:
        input_channels: channels in.
        filters: channels out.
        downsample: halve the size.
    """

    def __init__(self, input_channels: int, filters: int, downsample: bool = True) -> None:
        super().__init__()
        # names fixed by archives
        self.conv_res = nn.Conv2d(input_channels, filters, 1, stride=2 if downsample else 1)
        self.net = nn.Sequential(
            nn.Conv2d(input_channels, filters, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(filters, filters, 3, padding=1),
            nn.LeakyReLU(SLOPE),
        )
        self.downsample = nn.Sequential(Blur(), nn.Conv2d(filters, filters, 3, 2, 1)) if downsample else None

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """[B, C, d, f] with lengths [B] -> [B, C', d', f'] and its lengths."""
        beside = self.conv_res(x)
        x = mask_frames(self.net[:2](x), lengths)
        x = mask_frames(self.net[2:](x), lengths)
        if self.downsample is not None:
            x = mask_frames(self.downsample[0](x), lengths)
            x, lengths = self.downsample[1](x), halved(lengths)
        return mask_frames((x + beside) / math.sqrt(2), lengths), lengths


class Generator(NeuralModule):
    """Draws a spectrogram with the details that another lacks.

    Args:
        n_bands: D, a multiple of 2^n, where n is one less than the number of blocks: log2(D) - 1, rounded down.
        latent_dim: L.
        style_depth: layers of the style network.
        network_capacity: channels of the last block; each block before has twice as many.
        channels: of spectrograms.
        fmap_max: the most channels.
        start_from_zero: the constant that the blocks begin with is zero, else noise that stays the same.

    Raises:
        ConfigError: a number of bands that cannot be halved so often.
    """

    initial_block: nn.Parameter

    def __init__(
        self,
        n_bands: int,
        latent_dim: int,
        style_depth: int,
        network_capacity: int = 16,
        channels: int = 1,
        fmap_max: int = 512,
        start_from_zero: bool = True,
    ) -> None:
        super().__init__()
        self.n_bands, self.latent_dim, self.style_depth = n_bands, latent_dim, style_depth
        self.num_layers = _count_of_blocks(n_bands)
        if n_bands % self.upsample_factor:
            raise ConfigError(
                f"generator.n_bands is {n_bands}, which {self.num_layers} blocks halve {self.num_layers - 1} times. "
                f"Expected a multiple of {self.upsample_factor}, such as 80."
            )
        # names fixed by archives
        self.style_mapping = StyleMapping(latent_dim, style_depth)
        sizes = [min(fmap_max, network_capacity * 2**power) for power in range(self.num_layers, 0, -1)]
        self.initial_conv = nn.Conv2d(sizes[0], sizes[0], 3, padding=1)
        self.blocks = nn.ModuleList(
            GeneratorBlock(
                latent_dim, before, size, index > 0, upsample_rgb=index < self.num_layers - 1, channels=channels
            )
            for index, (before, size) in enumerate(zip([sizes[0], *sizes], sizes, strict=False))
        )
        constant = torch.randn(1, sizes[0], n_bands // self.upsample_factor, 1)
        self.initial_block = nn.Parameter(torch.zeros_like(constant) if start_from_zero else constant, False)
        _initialize_convolutions(self)

    @property
    def upsample_factor(self) -> int:
        """2^n: frames of the result for each of the first block."""
        return int(2 ** (self.num_layers - 1))

    def add_scaled_condition(self, target: Tensor, condition: Tensor, lengths: Tensor) -> Tensor:
        """The mean of `target` [B, C, d, f] and of `condition` [B, 1, D, F], made as small; zero from `lengths` on."""
        smaller = F.interpolate(condition, size=target.shape[-2:], mode="bilinear", align_corners=False)
        return mask_frames((target + smaller) / 2, lengths)

    def forward(self, condition_spectrograms: Tensor, lengths: Tensor, ws: Sequence[Tensor], noise: Tensor) -> Tensor:
        """Enhances spectrograms.

        Args:
            condition_spectrograms: [B, 1, D, F], from about 0 to 1; F is a multiple of 2^n and more than the longest by
                2^n at least.
            lengths: [B] frames.
            ws: styles [B, L] of each block.
            noise: [B, D, F, 1].

        Returns:
            [B, 1, D, F], 0 beyond the lengths.
        """
        frames = condition_spectrograms.shape[-1] // self.upsample_factor
        doublings = self.num_layers - 1
        x = self.initial_conv(self.initial_block.expand(len(lengths), -1, -1, frames))
        x = mask_frames(x, halved(lengths, doublings))
        rgb: Tensor | None = None
        for index, (style, block) in enumerate(zip(ws, self.blocks, strict=True)):
            here, after = (halved(lengths, max(doublings - step, 0)) for step in (index, index + 1))
            x, rgb = block(x, rgb, style, noise, here)
            x = self.add_scaled_condition(x, condition_spectrograms, here)
            rgb = self.add_scaled_condition(rgb, condition_spectrograms, after)
        assert rgb is not None  # there is a block
        return rgb


class Discriminator(NeuralModule):
    """Says whether a spectrogram is recorded, given the one that was to be enhanced.

    Args:
        n_bands: D.
        network_capacity: a quarter of the channels of the first block; each block has twice as many as the one before.
        channels: of spectrograms.
        fmap_max: the most channels.
    """

    def __init__(self, n_bands: int, network_capacity: int = 16, channels: int = 1, fmap_max: int = 512) -> None:
        super().__init__()
        count = _count_of_blocks(n_bands) + 1
        sizes = [2 * channels, *(min(fmap_max, 4 * network_capacity * 2**power) for power in range(count))]
        # names fixed by archives
        self.blocks = nn.ModuleList(
            DiscriminatorBlock(before, size, downsample=index < count - 1)
            for index, (before, size) in enumerate(zip(sizes, sizes[1:], strict=False))
        )
        self.final_conv = nn.Conv2d(sizes[-1], sizes[-1], 3, padding=1)
        self.to_logit = nn.Linear(sizes[-1], 1)
        _initialize_convolutions(self)

    def forward(self, x: Tensor, condition: Tensor, lengths: Tensor) -> Tensor:
        """Judges spectrograms.

        Args:
            x: [B, 1, D, F], padded as for the :class:`Generator`.
            condition: [B, 1, D, F] what was to be enhanced.
            lengths: [B] frames.

        Returns:
            [B], smaller for what seems recorded.
        """
        x = mask_frames(torch.cat([x, condition], dim=1), lengths)
        for block in self.blocks:
            x, lengths = block(x, lengths)
        x = mask_frames(self.final_conv(x), lengths)
        means = x.mean(dim=2).sum(dim=-1) / lengths.clamp(min=1)[:, None]
        logits: Tensor = self.to_logit(means)
        return logits[:, 0]


def _count_of_blocks(n_bands: int) -> int:
    """As many as sizes from 4 bands on."""
    if n_bands < 4:
        raise ConfigError(f"n_bands is {n_bands}. Expected 4 or more; set it to the preprocessor's number of bands.")
    return int(math.log2(n_bands)) - 1


def _initialize_convolutions(network: nn.Module) -> None:
    """He et al., 2015; noise layers keep their zeros, and modulated weights have been drawn."""
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and "to_noise" not in name:
            nn.init.kaiming_normal_(module.weight, nonlinearity="leaky_relu")
