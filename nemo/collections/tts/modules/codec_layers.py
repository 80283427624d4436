"""Layers of audio codecs: convolutions with weight norm that keep padding at zero, and their activations."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.collections.tts.modules.weight_norm import weight_norm
from nemo.utils.exceptions import ConfigError

SNAKE_GUARD = 1e-9


def get_down_sample_padding(kernel_size: int, stride: int) -> int:
    """Padding at each side with which a convolution of this stride makes T / stride of T."""
    return (kernel_size - stride + 1) // 2


def get_up_sample_padding(kernel_size: int, stride: int) -> tuple[int, int]:
    """Padding and output padding with which a transposed convolution makes T * stride of T."""
    return (kernel_size - stride + 1) // 2, (kernel_size - stride) % 2


def mask_padding(x: Tensor, lengths: Tensor) -> Tensor:
    """[B, C, T] with zeros from `lengths` [B] on."""
    return x * lengths_to_mask(lengths, x.shape[2]).transpose(1, 2).to(x.dtype)


def narrowed(
    x: Tensor,
    lengths: Tensor,
    rates: Iterable[int],
    residuals: Iterable[nn.Module],
    activations: Iterable[nn.Module],
    convolutions: Iterable[nn.Module],
) -> tuple[Tensor, Tensor]:
    """An encoder's way from samples to frames: at each rate a residual layer, an activation and a strided convolution.

    Args:
        x: [B, C, T].
        lengths: [B].
        rates: strides.
        residuals: one for each rate, as the next two.
        activations: before the convolutions.
        convolutions: with the strides.

    Returns:
        [B, C', F], and its lengths [B].
    """
    for rate, residual, activation, convolution in zip(rates, residuals, activations, convolutions, strict=True):
        x = activation(residual(x, lengths))
        lengths = lengths // rate
        x = convolution(x, lengths)
    return x, lengths


def widened(
    x: Tensor,
    lengths: Tensor,
    rates: Iterable[int],
    residuals: Iterable[nn.Module],
    activations: Iterable[nn.Module],
    convolutions: Iterable[nn.Module],
) -> tuple[Tensor, Tensor]:
    """A decoder's way back, of transposed convolutions; arguments and results are as of :func:`narrowed`."""
    for rate, residual, activation, convolution in zip(rates, residuals, activations, convolutions, strict=True):
        lengths = lengths * rate
        x = residual(convolution(activation(x), lengths), lengths)
    return x, lengths


class Conv1dNorm(nn.Module):
    """Convolution over time with weight norm and reflected edges.

    Args:
        in_channels: C.
        out_channels: C'.
        kernel_size: odd, where the length is to stay.
        stride: samples between outputs.
        dilation: samples between taps.
        padding: at each side; None keeps the length.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        dilation: int = 1,
        padding: int | None = None,
    ) -> None:
        super().__init__()
        edge = (kernel_size - 1) * dilation // 2 if padding is None else padding
        self.conv = weight_norm(
            nn.Conv1d(in_channels, out_channels, kernel_size, stride, edge, dilation, padding_mode="reflect")
        )

    def forward(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """[B, C, T] -> [B, C', T'], zero from `input_len` [B] on, which counts outputs."""
        return mask_padding(self.conv(inputs), input_len)


class ConvTranspose1dNorm(nn.Module):
    """Transposed convolution over time with weight norm: T becomes T * stride.

    Args:
        in_channels: C.
        out_channels: C'.
        kernel_size: at least the stride.
        stride: outputs for each input.
        groups: groups of channels that do not see each other.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        padding, more = get_up_sample_padding(kernel_size, stride)
        self.conv = weight_norm(
            nn.ConvTranspose1d(in_channels, out_channels, kernel_size, stride, padding, more, groups=groups)
        )

    def forward(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """[B, C, T] -> [B, C', T * stride], zero from `input_len` [B] on, which counts outputs."""
        return mask_padding(self.conv(inputs), input_len)


class Conv2dNorm(nn.Module):
    """Convolution over two dimensions with weight norm and reflected edges; without a stride it keeps the size.

    Args:
        in_channels: C.
        out_channels: C'.
        kernel_size: odd.
        stride: of each dimension.
        dilation: of each.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__()
        high, wide = ((size - 1) * step // 2 for size, step in zip(kernel_size, dilation, strict=True))
        edges = (high, wide)
        self.conv = weight_norm(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, edges, dilation, padding_mode="reflect")
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C', H', W']."""
        return self.conv(inputs)


class Snake(nn.Module):
    """``x + sin(a x)^2 / a`` with an `a` for each channel (Ziyin, Hartwig and Ueda, 2020).

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T]."""
        return x + torch.sin(self.alpha * x).square() / (self.alpha + SNAKE_GUARD)


class CodecActivation(nn.Module):
    """The activation that a config names.

    Args:
        activation: elu, lrelu or snake.
        channels: C, which snake needs.

    Raises:
        ConfigError: another name.
    """

    def __init__(self, activation: str = "elu", channels: int = 1) -> None:
        super().__init__()
        kinds: dict[str, Callable[[], nn.Module]] = {
            "elu": nn.ELU,
            "lrelu": nn.LeakyReLU,
            "snake": lambda: Snake(channels),
        }
        if activation.lower() not in kinds:
            raise ConfigError(f"activation is {activation!r}. Expected one of {', '.join(kinds)}.")
        self.activation = kinds[activation.lower()]()

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T]."""
        return self.activation(x)
