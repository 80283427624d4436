"""The Squeezeformer encoder (Kim et al., 2022, https://arxiv.org/abs/2206.00888).

features [B, D, F] -> subsampling -> [B, S, H] -> layers, those in the middle with S / 2 frames -> encoded [B, H, S]
B batch, D features, F feature frames, S encoder frames, H width, L layers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.attention import MultiHeadAttention, RelPositionMultiHeadAttention
from nemo.collections.asr.modules.conformer.attention_context import AttentionMask, attention_mask, context_sizes
from nemo.collections.asr.modules.conformer.convolution import ConformerConvolution
from nemo.collections.asr.modules.conformer.positions import PositionalEncoding, RelPositionalEncoding
from nemo.collections.asr.modules.conformer.subsampling import make_subsampling
from nemo.collections.asr.modules.releases import masks_subsampling
from nemo.collections.asr.modules.squeezeformer.layer import SqueezeformerLayer
from nemo.collections.asr.modules.squeezeformer.time_reduction import TimeReductionModule, repeated
from nemo.collections.common.adapters.linear import LinearAdapter
from nemo.core.adapters.module_adapters import AdapterModuleMixin
from nemo.core.adapters.registry import register_adapter
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AcousticEncodedRepresentation, LengthsType, NeuralType, SpectrogramType
from nemo.utils.exceptions import ConfigError, ShapeError

ATTENTIONS = ("rel_pos", "abs_pos")


class SqueezeformerEncoder(NeuralModule, Exportable):
    """See the head of this file. The names of the parts are fixed by archives.

    Args:
        feat_in: D.
        n_layers: L.
        d_model: H.
        feat_out: channels of the result; -1: H.
        subsampling: dw_striding, striding, vggnet, stacking or stacking_norm.
        subsampling_factor: feature frames of an encoder frame; 1: a projection only.
        subsampling_conv_channels: channels of its convolutions; -1: H.
        ff_expansion_factor: width inside the feed-forwards, as a multiple of H.
        self_attention_model: rel_pos or abs_pos.
        n_heads: heads of attention.
        att_context_size: [left, right] encoder frames, -1 without limit.
        xscaling: multiply the input of the layers by the square root of H.
        untie_biases: each layer has its own position biases.
        pos_emb_max_len: frames whose encodings are computed at the beginning.
        conv_kernel_size: taps of the depthwise convolutions.
        conv_norm_type: their norm; see `ConformerConvolution`.
        dropout: in and before the layers.
        dropout_emb: on the encodings of positions.
        dropout_att: on attention weights.
        adaptive_scale: trained scales before each module of a layer.
        time_reduce_idx: layer, from 0, before which the frames become half as many; None: never.
        time_recovery_idx: layer before which they become as many as they were; None: the last.

    Raises:
        ConfigError: a value that is not possible, or values that do not fit each other.
    """

    def __init__(
        self,
        feat_in: int,
        n_layers: int,
        d_model: int,
        feat_out: int = -1,
        subsampling: str = "dw_striding",
        subsampling_factor: int = 4,
        subsampling_conv_channels: int = -1,
        ff_expansion_factor: int = 4,
        self_attention_model: str = "rel_pos",
        n_heads: int = 4,
        att_context_size: Sequence[int] | None = None,
        xscaling: bool = True,
        untie_biases: bool = True,
        pos_emb_max_len: int = 5000,
        conv_kernel_size: int = 31,
        conv_norm_type: str = "batch_norm",
        dropout: float = 0.1,
        dropout_emb: float = 0.1,
        dropout_att: float = 0.0,
        adaptive_scale: bool = True,
        time_reduce_idx: int | None = None,
        time_recovery_idx: int | None = None,
    ) -> None:
        super().__init__()
        self._is_relative = _is_relative(self_attention_model)
        self._feat_in, self.n_layers, self.d_model = feat_in, n_layers, d_model
        self.subsampling_factor = subsampling_factor
        self.att_context_size = context_sizes(att_context_size, "regular", self_attention_model)[0]
        self.pre_encode: Any = nn.Linear(feat_in, d_model)
        if subsampling and subsampling_factor > 1:
            channels = subsampling_conv_channels if subsampling_conv_channels != -1 else d_model
            self.pre_encode = make_subsampling(subsampling, subsampling_factor, feat_in, d_model, channels, False)
        self.pos_enc = self._positions(dropout, dropout_emb, pos_emb_max_len, xscaling)
        self._tie_biases(None if untie_biases or not self._is_relative else n_heads)
        self.layers = nn.ModuleList(
            SqueezeformerLayer(
                d_model,
                d_model * ff_expansion_factor,
                self._attention(n_heads, dropout_att),
                # the paper has no gate
                ConformerConvolution(d_model, conv_kernel_size, conv_norm_type, pointwise_activation="swish"),
                dropout,
                adaptive_scale,
            )
            for _ in range(n_layers)
        )
        self.time_reduce_idx, self.time_recovery_idx = _reduction(time_reduce_idx, time_recovery_idx, n_layers)
        if self.time_reduce_idx is not None:
            self.time_reduce_layer = TimeReductionModule(d_model, d_model)
            self.time_recovery_layer = nn.Linear(d_model, d_model)
        self.pre_ln = nn.LayerNorm(d_model)
        projects = feat_out > 0 and feat_out != d_model
        self.out_proj = nn.Linear(d_model, feat_out) if projects else None
        self._feat_out = feat_out if projects else d_model

    def _positions(self, dropout: float, dropout_emb: float, max_len: int, xscaling: bool) -> PositionalEncoding:
        scale = math.sqrt(self.d_model) if xscaling else None
        if self._is_relative:
            return RelPositionalEncoding(self.d_model, dropout, max_len, scale, dropout_emb)
        return PositionalEncoding(self.d_model, dropout, max_len, scale)

    def _attention(self, n_heads: int, dropout: float) -> MultiHeadAttention:
        if self._is_relative:
            return RelPositionMultiHeadAttention(n_heads, self.d_model, dropout, self.pos_bias_u, self.pos_bias_v)
        return MultiHeadAttention(n_heads, self.d_model, dropout)

    def _tie_biases(self, n_heads: int | None) -> None:
        """Position biases that all layers share; None where each has its own."""
        for name in ("pos_bias_u", "pos_bias_v"):
            bias = None if n_heads is None else nn.Parameter(torch.zeros(n_heads, self.d_model // n_heads))
            self.register_parameter(name, bias)

    pos_bias_u: nn.Parameter | None
    pos_bias_v: nn.Parameter | None

    def follow_release(self, nemo_version: str | None) -> None:
        """From 2.5 on the subsampling keeps padding zero between its convolutions."""
        self.pre_encode.masks_padding = masks_subsampling(nemo_version)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Features with their lengths."""
        return {
            "audio_signal": NeuralType(("B", "D", "T"), SpectrogramType()),
            "length": NeuralType(tuple("B"), LengthsType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Encoded frames with their lengths."""
        return {
            "outputs": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation()),
            "encoded_lengths": NeuralType(tuple("B"), LengthsType()),
        }

    @typecheck()
    def forward(self, audio_signal: Tensor, length: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encodes features.

        Args:
            audio_signal: [B, D, F].
            length: [B] valid frames; None: all.

        Returns:
            [B, H, S] and lengths [B].
        """
        if not torch.jit.is_tracing() and audio_signal.shape[1] != self._feat_in:
            raise ShapeError(
                f"SqueezeformerEncoder got audio_signal {list(audio_signal.shape)}; expected [B, D={self._feat_in}, F]."
                " Transpose the last two dimensions, or set encoder.feat_in to the features of the preprocessor."
            )
        x = audio_signal.transpose(1, 2)
        if length is None:
            length = torch.full((x.shape[0],), x.shape[1], dtype=torch.int64, device=x.device)
        if isinstance(self.pre_encode, nn.Linear):
            x = self.pre_encode(x)
        else:
            x, length = self.pre_encode(x, length)
        x, positions = self.pos_enc(x)
        mask = attention_mask(x.shape[1], 0, length, None, self.att_context_size, "regular")
        x = self._layers(self.pre_ln(x), mask, positions)
        if self.out_proj is not None:
            x = self.out_proj(x)
        return x.transpose(1, 2), length.to(torch.int64)

    def _layers(self, x: Tensor, mask: AttentionMask, positions: Tensor) -> Tensor:
        before: tuple[Tensor, AttentionMask, Tensor] | None = None
        for number, layer in enumerate(self.layers):
            if number == self.time_reduce_idx:
                before = x, mask, positions
                x, mask = self.time_reduce_layer(x, mask)
                positions = self.pos_enc(x)[1]
            if number == self.time_recovery_idx and before is not None:
                wide, mask, positions = before
                x = wide + self.time_recovery_layer(repeated(x, 2, wide.shape[1]))
            x = layer(x, mask, positions)
        return x

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 256) -> tuple[Tensor, Tensor]:
        """Random features for export: [max_batch, D, max_dim] with lengths."""
        device = next(self.parameters()).device
        max_batch, max_dim = max_batch or 1, max_dim or 256
        features = torch.randn(max_batch, self._feat_in, max_dim, device=device)
        return features, torch.randint(max_dim // 4, max_dim, (max_batch,), device=device, dtype=torch.int64)


class SqueezeformerEncoderAdapter(SqueezeformerEncoder, AdapterModuleMixin):
    """A :class:`SqueezeformerEncoder` of the same weights that takes adapters, one behind each layer.

    It takes :class:`~nemo.collections.common.adapters.linear.LinearAdapter`; `in_features` need not be given.
    """

    _accepted_adapter_types = frozenset({LinearAdapter})

    def adapter_places(self) -> Iterator[SqueezeformerLayer]:
        """The layers."""
        return (cast(SqueezeformerLayer, layer) for layer in self.layers)


register_adapter(base_class=SqueezeformerEncoder, adapter_class=SqueezeformerEncoderAdapter)


def _is_relative(self_attention_model: str) -> bool:
    if self_attention_model not in ATTENTIONS:
        raise ConfigError(
            f"encoder.self_attention_model is {self_attention_model!r}; expected one of {', '.join(ATTENTIONS)}."
        )
    return self_attention_model == "rel_pos"


def _reduction(reduce_at: int | None, recover_at: int | None, layers: int) -> tuple[int | None, int | None]:
    """The layers before which frames become fewer and as many as before.

    Raises:
        ConfigError: they are not layers, or not in this order.
    """
    if reduce_at is None:
        return None, None
    if recover_at is None:
        recover_at = layers - 1
    if not 0 <= reduce_at < recover_at < layers:
        raise ConfigError(
            f"encoder.time_reduce_idx is {reduce_at} and time_recovery_idx {recover_at}; expected two of the "
            f"{layers} layers, counted from 0, the first below the second. Mend them, or set time_reduce_idx to null."
        )
    return reduce_at, recover_at
