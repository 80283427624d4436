"""Recordings of any length to one vector: how somebody speaks (Skerry-Ryan et al., 2018, section 3.2).

spectrogram [B, D, R] -> strided 2D convolutions [B, R', D', C] -> GRU -> its last state [B, H]
B batch, D mel bands, R frames, C channels, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.neural_types import AcousticEncodedRepresentation, LengthsType, MelSpectrogramType, NeuralType


class Conv2DReLUNorm(nn.Module):
    """Convolution over time and bands, rectifier, layer norm over channels, dropout."""

    def __init__(
        self, before: int, after: int, kernel_size: int, stride: int, padding: int, bias: bool, dropout: float
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel_size, stride=stride, padding=padding, bias=bias)
        self.norm = nn.LayerNorm(after)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, R, D] -> [B, C', R', D']."""
        x = torch.relu(self.conv(x)).permute(0, 2, 3, 1)
        return self.dropout(self.norm(x)).permute(0, 3, 1, 2)


class ReferenceEncoder(NeuralModule):
    """Encodes recordings.

    Args:
        n_mels: D, mel bands.
        cnn_filters: channels of the convolutions, one after the other.
        dropout: after each of them.
        gru_hidden: H, width of the result.
        kernel_size: of the convolutions, over time and bands, as the next two.
        stride: shortens both.
        padding: zeros at both ends.
        bias: the convolutions have biases.
    """

    def __init__(
        self,
        n_mels: int,
        cnn_filters: Sequence[int],
        dropout: float,
        gru_hidden: int,
        kernel_size: int,
        stride: int,
        padding: int,
        bias: bool,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        widths = [1, *cnn_filters]
        self.layers = nn.ModuleList(
            Conv2DReLUNorm(before, after, kernel_size, stride, padding, bias, dropout)
            for before, after in zip(widths, widths[1:], strict=False)
        )
        bands = n_mels
        for _ in cnn_filters:
            bands = (bands + 2 * padding - kernel_size) // stride + 1
        self.gru = nn.GRU(widths[-1] * bands, gru_hidden, batch_first=True)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Mel spectrograms with their lengths."""
        return {
            "inputs": NeuralType(("B", "D", "T"), MelSpectrogramType()),
            "inputs_lengths": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """One vector for each."""
        return {"embed": NeuralType(("B", "D"), AcousticEncodedRepresentation())}

    def forward(self, inputs: Tensor, inputs_lengths: Tensor) -> Tensor:
        """Encodes spectrograms.

        Args:
            inputs: [B, D, R]; what stands in the padding has no effect.
            inputs_lengths: [B] frames.

        Returns:
            [B, H]
        """
        x, lengths = inputs.transpose(1, 2)[:, None], inputs_lengths
        for layer in self.layers:
            x = layer(x * lengths_to_mask(lengths, x.shape[2])[:, None])
            lengths = (lengths + 2 * self.padding - self.kernel_size) // self.stride + 1
        states, _ = self.gru(x.permute(0, 2, 3, 1).flatten(2))
        last = (lengths - 1)[:, None, None].expand(-1, 1, states.shape[2])  # padding comes after it, so it saw none
        return states.gather(1, last)[:, 0]
