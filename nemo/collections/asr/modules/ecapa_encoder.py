"""ECAPA-TDNN (Desplanques et al., 2020, https://arxiv.org/abs/2005.07143), the part before the pooling.

features [B, D, F] -> time-delay layer -> residual blocks -> all of their outputs -> encoded [B, H, F]
B batch, D features, F feature frames, H channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.jasper import init_weights
from nemo.collections.asr.modules.tdnn import TDNNModule, TDNNSEModule
from nemo.collections.asr.modules.valid_frames import ValidFrames
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AcousticEncodedRepresentation, LengthsType, NeuralType, SpectrogramType
from nemo.utils.exceptions import ConfigError


class ECAPAEncoder(NeuralModule, Exportable):
    """Time-delay network with squeeze-and-excitation. Attributes' names are fixed by archives.

    Args:
        feat_in: D.
        filters: channels of each layer; the last one's are H. Those of the residual blocks, in between, are equal.
        kernel_sizes: taps of each layer, odd numbers.
        dilations: distance between the taps of each layer, in frames.
        scale: groups of the blocks' middle convolutions.
        init_mode: see :func:`~nemo.collections.asr.modules.jasper.init_weights`.

    Raises:
        ConfigError: the three lists are not equally long, or their values do not fit together.
    """

    def __init__(
        self,
        feat_in: int,
        filters: Sequence[int],
        kernel_sizes: Sequence[int],
        dilations: Sequence[int],
        scale: int = 8,
        init_mode: str | None = "xavier_uniform",
    ) -> None:
        super().__init__()
        _check_layers(filters, kernel_sizes, dilations, scale)
        self._feat_in = feat_in
        self._feat_out = filters[-1]
        first = TDNNModule(feat_in, filters[0], kernel_sizes[0], dilations[0], init_mode=init_mode)
        blocks = [
            TDNNSEModule(
                filters[index - 1],
                filters[index],
                group_scale=scale,
                se_channels=128,
                kernel_size=kernel_sizes[index],
                dilation=dilations[index],
                init_mode=init_mode,
            )
            for index in range(1, len(filters) - 1)
        ]
        self.layers = nn.ModuleList([first, *blocks])
        self.feature_agg = TDNNModule(
            sum(filters[1:-1]), filters[-1], kernel_sizes[-1], dilations[-1], init_mode=init_mode
        )
        self.apply(lambda module: init_weights(module, init_mode))

    @property
    def d_model(self) -> int:
        """H, channels of the output."""
        return self._feat_out

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Features and their lengths."""
        return {
            "audio_signal": NeuralType(("B", "D", "T"), SpectrogramType()),
            "length": NeuralType(("B",), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Encoded frames and their lengths."""
        return {
            "outputs": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation()),
            "encoded_lengths": NeuralType(("B",), LengthsType()),
        }

    @typecheck()
    def forward(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Encodes a batch.

        Args:
            audio_signal: [B, D, F].
            length: [B] valid frames.

        Returns:
            outputs [B, H, F] and `length`. As in the original, convolutions see what stands in the padding, so the last
            frames of a recording depend on it.
        """
        frames = ValidFrames(length, audio_signal.shape[2])
        first, *blocks = self.layers
        x = first(audio_signal)
        outputs = []
        for block in blocks:
            x = block(x, frames)
            outputs.append(x)
        return self.feature_agg(torch.cat(outputs, dim=1)), length

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 256) -> tuple[Tensor, Tensor]:
        """Random features and lengths, for export."""
        batch, frames = max_batch or 1, max_dim or 256
        device = next(self.parameters()).device
        features = torch.randn(batch, self._feat_in, frames, device=device)
        return features, torch.full((batch,), frames, device=device)


def _check_layers(filters: Sequence[int], kernel_sizes: Sequence[int], dilations: Sequence[int], scale: int) -> None:
    if not len(filters) == len(kernel_sizes) == len(dilations) or len(filters) < 3:
        raise ConfigError(
            f"encoder.filters, kernel_sizes and dilations have {len(filters)}, {len(kernel_sizes)} and "
            f"{len(dilations)} values. Expected one of each for every layer, and three layers at least; mend the lists."
        )
    if len(set(filters[:-1])) > 1 or filters[0] % scale:
        raise ConfigError(
            f"encoder.filters is {list(filters)}. Expected the same number for all layers but the last, a multiple of "
            f"encoder.scale ({scale}): blocks add their input to their output; set it."
        )
    even = [size for size in kernel_sizes if size % 2 == 0]
    if even:
        raise ConfigError(f"encoder.kernel_sizes has {even[0]}. Expected odd numbers; set {even[0] + 1}.")
