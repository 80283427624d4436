"""The encoder and decoder of EnCodec, after SEANet (Défossez et al., 2022, arXiv:2210.13438, section 3.1).

audio [B, T] -> convolutions, LSTM -> [B, D, F] -> LSTM, convolutions -> audio [B, T]
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
    mask_padding,
    narrowed,
    widened,
)
from nemo.collections.tts.modules.weight_norm import remove_weight_norm
from nemo.core.classes.neural_module import NeuralModule
from nemo.utils.exceptions import ConfigError

RECURRENT = {"lstm": nn.LSTM, "gru": nn.GRU}


class SEANetResnetBlock(nn.Module):
    """A narrow and a pointwise convolution beside a pointwise one.

    Args:
        channels: C; half of them are between the two.
        activation: elu, lrelu or snake.
    """

    def __init__(self, channels: int, activation: str = "elu") -> None:
        super().__init__()
        hidden = channels // 2
        self.activation, self.res_activation = (
            CodecActivation(activation, channels),
            CodecActivation(activation, hidden),
        )
        self.pre_conv = Conv1dNorm(channels, channels, 1)
        self.res_conv1 = Conv1dNorm(channels, hidden, 3)
        self.res_conv2 = Conv1dNorm(hidden, channels, 1)

    def forward(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T]."""
        inner = self.res_conv1(self.activation(inputs), input_len)
        return self.pre_conv(inputs, input_len) + self.res_conv2(self.res_activation(inner), input_len)


class SEANetRNN(nn.Module):
    """Recurrent layers over frames; a frame sees those before it only, so padding at the end changes nothing.

    Args:
        dim: D.
        num_layers: layers.
        rnn_type: lstm or gru.
        use_skip: add what came in.

    Raises:
        ConfigError: another type.
    """

    def __init__(self, dim: int, num_layers: int, rnn_type: str = "lstm", use_skip: bool = False) -> None:
        super().__init__()
        if rnn_type not in RECURRENT:
            raise ConfigError(f"rnn_type is {rnn_type!r}. Expected one of {', '.join(RECURRENT)}.")
        self.use_skip = use_skip
        self.rnn = RECURRENT[rnn_type](dim, dim, num_layers, batch_first=True)

    def forward(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """[B, D, F] -> [B, D, F], zero from `input_len` [B] on."""
        out = self.rnn(inputs.transpose(1, 2))[0].transpose(1, 2)
        return mask_padding(out + inputs if self.use_skip else out, input_len)


class SEANetEncoder(NeuralModule):
    """Turns audio into vectors.

    Args:
        down_sample_rates: strides; their product is the number of samples of a frame.
        base_channels: channels before the first stride; each doubles them.
        in_kernel_size: kernel of the first convolution.
        out_kernel_size: of the last.
        encoded_dim: D.
        activation: elu, lrelu or snake.
        rnn_layers: recurrent layers before the last convolution.
        rnn_type: lstm or gru.
        rnn_skip: add what came into them.
    """

    def __init__(
        self,
        down_sample_rates: Sequence[int] = (2, 4, 5, 8),
        base_channels: int = 32,
        in_kernel_size: int = 7,
        out_kernel_size: int = 7,
        encoded_dim: int = 128,
        activation: str = "elu",
        rnn_layers: int = 2,
        rnn_type: str = "lstm",
        rnn_skip: bool = True,
    ) -> None:
        super().__init__()
        self.down_sample_rates = list(down_sample_rates)
        self.pre_conv = Conv1dNorm(1, base_channels, in_kernel_size)
        self.res_blocks, self.activations = nn.ModuleList(), nn.ModuleList()
        self.down_sample_conv_layers = nn.ModuleList()
        channels = base_channels
        for rate in self.down_sample_rates:
            self.res_blocks.append(SEANetResnetBlock(channels, activation))
            self.activations.append(CodecActivation(activation, channels))
            padding = get_down_sample_padding(2 * rate, rate)
            self.down_sample_conv_layers.append(
                Conv1dNorm(channels, 2 * channels, 2 * rate, stride=rate, padding=padding)
            )
            channels *= 2
        self.rnn = SEANetRNN(channels, rnn_layers, rnn_type, rnn_skip)
        self.post_activation = CodecActivation(activation, channels)
        self.post_conv = Conv1dNorm(channels, encoded_dim, out_kernel_size)

    def forward(self, audio: Tensor, audio_len: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, T] with lengths [B], of whole frames -> vectors [B, D, F] with lengths [B]."""
        x = self.pre_conv(audio[:, None], audio_len)
        layers = (self.down_sample_rates, self.res_blocks, self.activations, self.down_sample_conv_layers)
        x, lengths = narrowed(x, audio_len, *layers)
        return self.post_conv(self.post_activation(self.rnn(x, lengths)), lengths), lengths

    def remove_weight_norm(self) -> None:
        """Folds the weight norms: the same vectors, a little faster."""
        remove_weight_norm(self)


class SEANetDecoder(NeuralModule):
    """Turns vectors into audio.

    Args:
        up_sample_rates: strides; their product is the number of samples of a frame.
        base_channels: channels before the first stride; each halves them.
        in_kernel_size: kernel of the first convolution.
        out_kernel_size: of the last.
        encoded_dim: D.
        activation: elu, lrelu or snake.
        rnn_layers: recurrent layers after the first convolution.
        rnn_type: lstm or gru.
        rnn_skip: add what came into them.

    Raises:
        ConfigError: channels that cannot be halved so often.
    """

    def __init__(
        self,
        up_sample_rates: Sequence[int] = (8, 5, 4, 2),
        base_channels: int = 512,
        in_kernel_size: int = 7,
        out_kernel_size: int = 3,
        encoded_dim: int = 128,
        activation: str = "elu",
        rnn_layers: int = 2,
        rnn_type: str = "lstm",
        rnn_skip: bool = True,
    ) -> None:
        super().__init__()
        if base_channels % 2 ** (len(up_sample_rates) + 1):
            raise ConfigError(
                f"audio_decoder.base_channels is {base_channels}, which {len(up_sample_rates)} rates and a residual "
                f"block halve. Expected a multiple of {2 ** (len(up_sample_rates) + 1)}."
            )
        self.up_sample_rates = list(up_sample_rates)
        self.pre_conv = Conv1dNorm(encoded_dim, base_channels, in_kernel_size)
        self.rnn = SEANetRNN(base_channels, rnn_layers, rnn_type, rnn_skip)
        self.activations, self.up_sample_conv_layers = nn.ModuleList(), nn.ModuleList()
        self.res_blocks = nn.ModuleList()
        channels = base_channels
        for rate in self.up_sample_rates:
            self.activations.append(CodecActivation(activation, channels))
            self.up_sample_conv_layers.append(ConvTranspose1dNorm(channels, channels // 2, 2 * rate, stride=rate))
            channels //= 2
            self.res_blocks.append(SEANetResnetBlock(channels, activation))
        self.post_activation = CodecActivation(activation, channels)
        self.post_conv = Conv1dNorm(channels, 1, out_kernel_size)

    def forward(self, inputs: Tensor, input_len: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [B, D, F] with lengths [B] -> audio [B, T] between -1 and 1 with lengths [B]."""
        x = self.rnn(self.pre_conv(inputs, input_len), input_len)
        layers = (self.up_sample_rates, self.res_blocks, self.activations, self.up_sample_conv_layers)
        x, lengths = widened(x, input_len, *layers)
        return torch.tanh(self.post_conv(self.post_activation(x), lengths))[:, 0], lengths

    def remove_weight_norm(self) -> None:
        """Folds the weight norms: the same audio, a little faster."""
        remove_weight_norm(self)
