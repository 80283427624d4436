"""An encoder of stacked LSTM layers behind a subsampling (He et al., 2019, https://arxiv.org/abs/1811.06621).

features [B, D, F] -> subsampling -> [B, S, H] -> LSTM layers -> encoded [B, H', S]
B batch, D features, F feature frames, S encoder frames, H width of a layer, H' = H or the projection, twice it where
both directions are read.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nemo.collections.asr.modules.conformer.subsampling import make_subsampling
from nemo.collections.asr.modules.releases import masks_subsampling
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AcousticEncodedRepresentation, LengthsType, NeuralType, SpectrogramType
from nemo.utils.exceptions import ConfigError, ShapeError


class RNNEncoder(NeuralModule, Exportable):
    """See the head of this file. The names of the parts are fixed by archives.

    Args:
        feat_in: D.
        n_layers: LSTM layers.
        d_model: H.
        proj_size: projection of each layer's output; -1: none.
        rnn_type: lstm.
        bidirectional: read the frames in both directions.
        subsampling: striding, dw_striding, vggnet, stacking or stacking_norm; None: no subsampling.
        subsampling_factor: feature frames of an encoder frame; 1: no subsampling.
        subsampling_conv_channels: channels of its convolutions; -1: H.
        dropout: between the layers.

    Raises:
        ConfigError: another `rnn_type`, or a subsampling that is not possible.
    """

    def __init__(
        self,
        feat_in: int,
        n_layers: int,
        d_model: int,
        proj_size: int = -1,
        rnn_type: str = "lstm",
        bidirectional: bool = True,
        subsampling: str | None = "striding",
        subsampling_factor: int = 4,
        subsampling_conv_channels: int = -1,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if rnn_type != "lstm":
            raise ConfigError(f"encoder.rnn_type is {rnn_type!r}; expected 'lstm'. Set it.")
        self._feat_in, self.d_model = feat_in, d_model
        width = feat_in
        self.subsampling_factor = 1
        self.pre_encode: Any = None
        if subsampling and subsampling_factor > 1:
            channels = subsampling_conv_channels if subsampling_conv_channels != -1 else d_model
            self.pre_encode = make_subsampling(subsampling, subsampling_factor, feat_in, d_model, channels, False)
            self.subsampling_factor, width = subsampling_factor, d_model
        projection = max(proj_size, 0)
        lstm = nn.LSTM(
            width,
            d_model,
            n_layers,
            batch_first=True,
            dropout=dropout if n_layers > 1 else 0.0,  # PyTorch warns where there is nothing between layers
            bidirectional=bidirectional,
            proj_size=projection,
        )
        self.layers = nn.ModuleList([lstm])
        self._feat_out = (projection or d_model) * (2 if bidirectional else 1)

    def follow_release(self, nemo_version: str | None) -> None:
        """From 2.5 on the subsampling keeps padding zero between its convolutions."""
        if self.pre_encode is not None:
            self.pre_encode.masks_padding = masks_subsampling(nemo_version)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Features with their lengths."""
        return {
            "audio_signal": NeuralType(("B", "D", "T"), SpectrogramType()),
            "length": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Encoded frames with their lengths."""
        return {
            "outputs": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation()),
            "encoded_lengths": NeuralType(tuple("B"), LengthsType()),
        }

    @typecheck()
    def forward(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Encodes features [B, D, F] with lengths [B]; gives [B, H', S], zero beyond the lengths [B]."""
        if not torch.jit.is_tracing() and audio_signal.shape[1] != self._feat_in:
            raise ShapeError(
                f"RNNEncoder got audio_signal {list(audio_signal.shape)}; expected [B, D={self._feat_in}, F]. "
                "Transpose the last two dimensions, or set encoder.feat_in to the features of the preprocessor."
            )
        x = audio_signal.transpose(1, 2)
        if self.pre_encode is not None:
            x, length = self.pre_encode(x, length)
        x = self._recurrent(x, length.to(torch.int64))
        return x.transpose(1, 2), length.to(torch.int64)

    def _recurrent(self, x: Tensor, lengths: Tensor) -> Tensor:
        lstm = self.layers[0]
        if torch.jit.is_tracing():
            return lstm(x)[0]
        # packed, so that the direction from the end begins at the end of each recording and not in padding
        packed = pack_padded_sequence(x, lengths.cpu().clamp(min=1), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(lstm(packed)[0], batch_first=True, total_length=x.shape[1])[0]

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 256) -> tuple[Tensor, Tensor]:
        """Random features for export: [max_batch, D, max_dim], all of them valid."""
        device = next(self.parameters()).device
        max_batch, max_dim = max_batch or 1, max_dim or 256
        features = torch.randn(max_batch, self._feat_in, max_dim, device=device)
        return features, torch.full((max_batch,), max_dim, device=device, dtype=torch.int64)
