"""An audio encoder and decoder of HiFi-GAN's residual layers (Kong et al., 2020; the encoder is its mirror image).

audio [B, T] -> encoder -> [B, D, F] -> decoder -> audio [B, T]
B batch, T samples, D encoded dimension, F frames: T over the product of the rates.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nemo.collections.tts.modules.codec_layers import (
    CodecActivation,
    Conv1dNorm,
    ConvTranspose1dNorm,
    get_down_sample_padding,
    narrowed,
    widened,
)
from nemo.collections.tts.modules.weight_norm import remove_weight_norm
from nemo.core.classes.neural_module import NeuralModule
from nemo.utils.exceptions import ConfigError


class ResidualBlock(nn.Module):
    """A dilated and a plain convolution, and what came in."""

    def __init__(
        self,
        channels: int,
        filters: int,
        kernel_size: int = 3,
        dilation: int = 1,
        dropout_rate: float = 0.0,
        activation: str = "lrelu",
    ) -> None:
        super().__init__()
        self.input_activation = CodecActivation(activation, channels)
        self.skip_activation = CodecActivation(activation, filters)
        self.dropout = nn.Dropout(dropout_rate)
        self.input_conv = Conv1dNorm(channels, filters, kernel_size, dilation=dilation)
        self.skip_conv = Conv1dNorm(filters, channels, kernel_size)

    def forward(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T]."""
        inner = self.skip_activation(self.input_conv(self.input_activation(inputs), input_len))
        return inputs + self.dropout(self.skip_conv(inner, input_len))


class HiFiGANResBlock(nn.Module):
    """Residual blocks of growing dilation, one after the other."""

    def __init__(self, channels: int, kernel_size: int, dilations: Sequence[int], activation: str) -> None:
        super().__init__()
        self.res_blocks = nn.ModuleList(
            ResidualBlock(channels, channels, kernel_size, dilation, activation=activation) for dilation in dilations
        )

    def forward(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T]."""
        for block in self.res_blocks:
            inputs = block(inputs, input_len)
        return inputs


class HiFiGANResLayer(nn.Module):
    """The mean of such blocks with several kernels."""

    def __init__(self, channels: int, kernel_sizes: Sequence[int], dilations: Sequence[int], activation: str) -> None:
        super().__init__()
        self.res_blocks = nn.ModuleList(HiFiGANResBlock(channels, size, dilations, activation) for size in kernel_sizes)

    def forward(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T]."""
        return torch.stack([block(inputs, input_len) for block in self.res_blocks]).mean(dim=0)


class HiFiGANEncoder(NeuralModule):
    """Turns audio into vectors.

    Args:
        encoded_dim: D.
        down_sample_rates: strides; their product is the number of samples of a frame.
        base_channels: channels before the first stride; each doubles them.
        in_kernel_size: kernel of the first convolution.
        out_kernel_size: of the last.
        resblock_kernel_sizes: of the residual blocks, whose outputs are averaged.
        resblock_dilation_sizes: the dilations of each of them.
        activation: elu, lrelu or snake.
    """

    def __init__(
        self,
        encoded_dim: int,
        down_sample_rates: Sequence[int] = (2, 4, 8, 8),
        base_channels: int = 32,
        in_kernel_size: int = 7,
        out_kernel_size: int = 7,
        resblock_kernel_sizes: Sequence[int] = (3, 7, 11),
        resblock_dilation_sizes: Sequence[int] = (1, 3, 5),
        activation: str = "lrelu",
    ) -> None:
        super().__init__()
        self.down_sample_rates = list(down_sample_rates)
        self.pre_conv = Conv1dNorm(1, base_channels, in_kernel_size)
        self.activations, self.down_sample_conv_layers = nn.ModuleList(), nn.ModuleList()
        self.res_layers = nn.ModuleList()
        channels = base_channels
        for rate in self.down_sample_rates:
            self.res_layers.append(
                HiFiGANResLayer(channels, resblock_kernel_sizes, resblock_dilation_sizes, activation)
            )
            self.activations.append(CodecActivation(activation, channels))
            padding = get_down_sample_padding(2 * rate, rate)
            self.down_sample_conv_layers.append(
                Conv1dNorm(channels, 2 * channels, 2 * rate, stride=rate, padding=padding)
            )
            channels *= 2
        self.post_activation = CodecActivation(activation, channels)
        self.post_conv = Conv1dNorm(channels, encoded_dim, out_kernel_size)

    def forward(self, audio: Tensor, audio_len: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, T] with lengths [B] -> vectors [B, D, F] with lengths [B]."""
        x = self.pre_conv(audio[:, None], audio_len)
        layers = (self.down_sample_rates, self.res_layers, self.activations, self.down_sample_conv_layers)
        x, lengths = narrowed(x, audio_len, *layers)
        return self.post_conv(self.post_activation(x), lengths), lengths

    def remove_weight_norm(self) -> None:
        """Folds the weight norms: the same vectors, a little faster."""
        remove_weight_norm(self)


class HiFiGANDecoder(NeuralModule):
    """Turns vectors into audio.

    Args:
        input_dim: D.
        up_sample_rates: strides; their product is the number of samples of a frame.
        base_channels: channels before the first stride; each halves them.
        in_kernel_size: kernel of the first convolution.
        out_kernel_size: of the last.
        resblock_kernel_sizes: of the residual blocks, whose outputs are averaged.
        resblock_dilation_sizes: the dilations of each of them.
        activation: elu, lrelu or snake.

    Raises:
        ConfigError: channels that cannot be halved so often.
    """

    def __init__(
        self,
        input_dim: int,
        up_sample_rates: Sequence[int] = (8, 8, 4, 2),
        base_channels: int = 512,
        in_kernel_size: int = 7,
        out_kernel_size: int = 3,
        resblock_kernel_sizes: Sequence[int] = (3, 7, 11),
        resblock_dilation_sizes: Sequence[int] = (1, 3, 5),
        activation: str = "lrelu",
    ) -> None:
        super().__init__()
        if base_channels % 2 ** len(up_sample_rates):
            raise ConfigError(
                f"audio_decoder.base_channels is {base_channels}, which {len(up_sample_rates)} rates halve each. "
                f"Expected a multiple of {2 ** len(up_sample_rates)}."
            )
        self.up_sample_rates = list(up_sample_rates)
        self.pre_conv = Conv1dNorm(input_dim, base_channels, in_kernel_size)
        self.activations, self.up_sample_conv_layers = nn.ModuleList(), nn.ModuleList()
        self.res_layers = nn.ModuleList()
        channels = base_channels
        for rate in self.up_sample_rates:
            self.activations.append(CodecActivation(activation, channels))
            self.up_sample_conv_layers.append(ConvTranspose1dNorm(channels, channels // 2, 2 * rate, stride=rate))
            channels //= 2
            self.res_layers.append(
                HiFiGANResLayer(channels, resblock_kernel_sizes, resblock_dilation_sizes, activation)
            )
        self.post_activation = CodecActivation(activation, channels)
        self.post_conv = Conv1dNorm(channels, 1, out_kernel_size)

    def forward(self, inputs: Tensor, input_len: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [B, D, F] with lengths [B] -> audio [B, T] between -1 and 1 with lengths [B]."""
        x = self.pre_conv(inputs, input_len)
        layers = (self.up_sample_rates, self.res_layers, self.activations, self.up_sample_conv_layers)
        x, lengths = widened(x, input_len, *layers)
        return torch.tanh(self.post_conv(self.post_activation(x), lengths))[:, 0], lengths

    def remove_weight_norm(self) -> None:
        """Folds the weight norms: the same audio, a little faster."""
        remove_weight_norm(self)
