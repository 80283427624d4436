"""Conformer and FastConformer encoders (Gulati et al., 2020; Rekesh et al., 2023).

features [B, D, F] -> subsampling -> [B, S, H] -> positions -> layers -> encoded [B, H, S]
B batch, D features, F feature frames, S encoder frames, H width, L layers, C frames of an attention cache.

An encoder whose context is limited can read a stream chunk by chunk with caches, with the same result as at once
(Noroozi et al., 2023, https://arxiv.org/abs/2312.17279).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import torch
from omegaconf import open_dict
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.attention import MultiHeadAttention, RelPositionMultiHeadAttention
from nemo.collections.asr.modules.conformer.attention_change import ConformerChangeConfig  # noqa: F401 - its old place
from nemo.collections.asr.modules.conformer.attention_context import (
    attention_mask,
    context_probabilities,
    context_sizes,
    where_padded,
)
from nemo.collections.asr.modules.conformer.convolution import ConformerConvolution
from nemo.collections.asr.modules.conformer.layer import ConformerLayer, LayerCache
from nemo.collections.asr.modules.conformer.local_attention import RelPositionMultiHeadAttentionLongformer
from nemo.collections.asr.modules.conformer.positions import (
    LocalAttRelPositionalEncoding,
    PositionalEncoding,
    RelPositionalEncoding,
)
from nemo.collections.asr.modules.conformer.reduction import SubsamplingReductionModule
from nemo.collections.asr.modules.conformer.stochastic_depth import drop_probabilities, with_or_without
from nemo.collections.asr.modules.conformer.streaming import (
    StreamState,
    batch_first,
    exported_step,
    streaming_sizes,
)
from nemo.collections.asr.modules.conformer.subsampling import make_subsampling
from nemo.collections.asr.modules.layer_outputs import is_layer_wanted, keep_layer
from nemo.collections.asr.modules.releases import masks_subsampling
from nemo.collections.common.adapters.linear import LinearAdapter
from nemo.core.adapters.module_adapters import AdapterModuleMixin
from nemo.core.adapters.registry import register_adapter
from nemo.core.classes.access import AccessMixin
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import (
    AcousticEncodedRepresentation,
    ChannelType,
    LengthsType,
    NeuralType,
    SpectrogramType,
)
from nemo.utils.exceptions import ConfigError, ShapeError

if TYPE_CHECKING:
    from nemo.collections.asr.modules.conformer.streaming_config import CacheAwareStreamingConfig

ATTENTIONS = ("rel_pos", "rel_pos_local_attn", "abs_pos")

CacheTensors = tuple[Tensor, Tensor, Tensor]
"""Attention caches [L, B, C, H], convolution caches [L, B, H, T], and filled frames of the first [B]."""


class ConformerEncoder(NeuralModule, Exportable, AccessMixin):
    """See the head of this file. The names of the parts are fixed by archives.

    Args:
        feat_in: D.
        n_layers: L.
        d_model: H.
        feat_out: channels of the result; -1: H.
        causal_downsampling: the subsampling sees no later frames.
        subsampling: striding, dw_striding, vggnet, stacking or stacking_norm.
        subsampling_factor: feature frames of an encoder frame; 1: a projection only.
        subsampling_conv_chunking_factor: how large batches are split in the subsampling; see `ConvSubsampling`.
        subsampling_conv_channels: channels of its convolutions; -1: H.
        reduction: pooling or striding: fewer frames after layer `reduction_position` (-1: at the end); None: no.
        reduction_position: see `reduction`.
        reduction_factor: frames that become one there.
        ff_expansion_factor: width inside the feed-forwards, as a multiple of H.
        self_attention_model: rel_pos, rel_pos_local_attn or abs_pos.
        n_heads: heads of attention.
        att_context_size: [left, right] encoder frames, -1 without limit; or a list of such, one of which is drawn for
            each batch in training and the first of which is used otherwise.
        att_context_probs: how likely each is drawn.
        att_context_style: regular or chunked_limited; see `attention_context`.
        xscaling: multiply the input of the layers by the square root of H.
        untie_biases: each layer has its own position biases.
        pos_emb_max_len: frames whose encodings are computed at the beginning.
        conv_kernel_size: taps of the depthwise convolutions.
        conv_norm_type: their norm; see `ConformerConvolution`.
        conv_context_size: causal, [left, right] or None.
        use_bias: linear layers and convolutions of the layers have biases.
        dropout: in the layers.
        dropout_pre_encoder: before the layers.
        dropout_emb: on the encodings of positions.
        dropout_att: on attention weights.
        stochastic_depth_drop_prob: chance of leaving out a layer in training, of the last one in the mode linear.
        stochastic_depth_mode: linear (rises from the first layer) or uniform.
        stochastic_depth_start_layer: first layer, from 1, that may be left out.
        global_tokens: frames at the beginning that see all and are seen by all, with rel_pos_local_attn.
        global_tokens_spacing: take only every so many-th frame for that.
        global_attn_separate: the global frames have projections of their own.
        use_pytorch_sdpa: accepted for newer configs; PyTorch's attention is always used.
        use_pytorch_sdpa_backends: accepted for newer configs.
        sync_max_audio_length: accepted for newer configs; encodings grow when they have to.

    Raises:
        ConfigError: a value that is not possible, or values that do not fit each other.
    """

    def __init__(
        self,
        feat_in: int,
        n_layers: int,
        d_model: int,
        feat_out: int = -1,
        causal_downsampling: bool = False,
        subsampling: str = "striding",
        subsampling_factor: int = 4,
        subsampling_conv_chunking_factor: int = 1,
        subsampling_conv_channels: int = -1,
        reduction: str | None = None,
        reduction_position: int | None = None,
        reduction_factor: int = 1,
        ff_expansion_factor: int = 4,
        self_attention_model: str = "rel_pos",
        n_heads: int = 4,
        att_context_size: Any = None,
        att_context_probs: Sequence[float] | None = None,
        att_context_style: str = "regular",
        xscaling: bool = True,
        untie_biases: bool = True,
        pos_emb_max_len: int = 5000,
        conv_kernel_size: int = 31,
        conv_norm_type: str = "batch_norm",
        conv_context_size: Any = None,
        use_bias: bool = True,
        dropout: float = 0.1,
        dropout_pre_encoder: float = 0.1,
        dropout_emb: float = 0.1,
        dropout_att: float = 0.0,
        stochastic_depth_drop_prob: float = 0.0,
        stochastic_depth_mode: str = "linear",
        stochastic_depth_start_layer: int = 1,
        global_tokens: int = 0,
        global_tokens_spacing: int = 1,
        global_attn_separate: bool = False,
        use_pytorch_sdpa: bool = False,
        use_pytorch_sdpa_backends: Any = None,
        sync_max_audio_length: bool = True,
    ) -> None:
        super().__init__()
        if self_attention_model not in ATTENTIONS:
            raise ConfigError(
                f"encoder.self_attention_model is {self_attention_model!r}; expected one of {', '.join(ATTENTIONS)}."
            )
        self._feat_in, self.n_layers, self.d_model = feat_in, n_layers, d_model
        self.subsampling_factor = subsampling_factor
        self.self_attention_model = self_attention_model
        self.att_context_style = att_context_style
        self.att_context_size_all = context_sizes(att_context_size, att_context_style, self_attention_model)
        self.att_context_probs = context_probabilities(att_context_probs, len(self.att_context_size_all))
        self.att_context_size = self.att_context_size_all[0]
        self.global_tokens = global_tokens
        self.xscale = math.sqrt(d_model) if xscaling else None
        self.pos_emb_max_len = pos_emb_max_len
        self.dropout_pre_encoder, self.dropout_emb = dropout_pre_encoder, dropout_emb

        channels = subsampling_conv_channels if subsampling_conv_channels != -1 else d_model
        self.pre_encode: Any
        if subsampling and subsampling_factor > 1:
            self.pre_encode = make_subsampling(
                subsampling,
                subsampling_factor,
                feat_in,
                d_model,
                channels,
                causal_downsampling,
                subsampling_conv_chunking_factor,
            )
        else:
            self.pre_encode = nn.Linear(feat_in, d_model)
        self.reduction_position = None
        if reduction is not None and reduction_factor > 1:
            self.reduction_subsampling = SubsamplingReductionModule(reduction, d_model, reduction_factor)
            self.reduction_position = reduction_position if reduction_position is not None else -1
        self.pos_enc = self._make_positions()

        width = d_model // n_heads
        tied = None if untie_biases or self_attention_model == "abs_pos" else torch.zeros(n_heads, width)
        self.pos_bias_u = nn.Parameter(tied.clone()) if tied is not None else None
        self.pos_bias_v = nn.Parameter(tied.clone()) if tied is not None else None
        self._attention_arguments: dict[str, Any] = {
            "n_head": n_heads,
            "n_feat": d_model,
            "dropout_rate": dropout_att,
            "use_bias": use_bias,
        }
        self._global_arguments: dict[str, Any] = {
            "global_tokens": global_tokens,
            "global_tokens_spacing": global_tokens_spacing,
            "global_attn_separate": global_attn_separate,
        }
        self.layers = nn.ModuleList(
            ConformerLayer(
                d_model,
                d_model * ff_expansion_factor,
                self._make_attention(),
                ConformerConvolution(d_model, conv_kernel_size, conv_norm_type, conv_context_size, use_bias),
                dropout,
                dropout,
                use_bias,
            )
            for _ in range(n_layers)
        )
        projects = feat_out > 0 and feat_out != d_model
        self.out_proj = nn.Linear(d_model, feat_out) if projects else None
        self._feat_out = feat_out if projects else d_model
        self.layer_drop_probs = drop_probabilities(
            n_layers, stochastic_depth_drop_prob, stochastic_depth_mode, stochastic_depth_start_layer
        )
        self.streaming_cfg: CacheAwareStreamingConfig | None = None
        if hasattr(self.pre_encode, "sampling_frames"):
            self.setup_streaming_params()

    # ---------------------------------------------------------------------------------------------------------- parts

    def _make_positions(self) -> PositionalEncoding:
        options: dict[str, Any] = {
            "d_model": self.d_model,
            "dropout_rate": self.dropout_pre_encoder,
            "max_len": self.pos_emb_max_len,
            "xscale": self.xscale,
        }
        if self.self_attention_model == "abs_pos":
            return PositionalEncoding(**options)
        options["dropout_rate_emb"] = self.dropout_emb
        if self.self_attention_model == "rel_pos":
            return RelPositionalEncoding(**options)
        return LocalAttRelPositionalEncoding(att_context_size=self.att_context_size, **options)

    def _make_attention(self) -> MultiHeadAttention:
        if self.self_attention_model == "abs_pos":
            return MultiHeadAttention(**self._attention_arguments)
        biases: dict[str, Any] = {"pos_bias_u": self.pos_bias_u, "pos_bias_v": self.pos_bias_v}
        if self.self_attention_model == "rel_pos":
            return RelPositionMultiHeadAttention(**self._attention_arguments, **biases)
        return RelPositionMultiHeadAttentionLongformer(
            **self._attention_arguments, **biases, **self._global_arguments, att_context_size=self.att_context_size
        )

    def change_attention_model(
        self,
        self_attention_model: str | None = None,
        att_context_size: Sequence[int] | None = None,
        update_config: bool = True,
        device: Any = None,
    ) -> None:
        """Gives a trained encoder another attention, with the same weights: local attention for long recordings.

        Args:
            self_attention_model: rel_pos, rel_pos_local_attn or abs_pos; None: the present one.
            att_context_size: [left, right]; None: the present one.
            update_config: whether a config that the encoder keeps is changed as well.
            device: where the new parts go; None: where the old ones are.
        """
        kind = self_attention_model or self.self_attention_model
        if kind not in ATTENTIONS:
            raise ConfigError(f"self_attention_model is {kind!r}; expected one of {', '.join(ATTENTIONS)}.")
        contexts = context_sizes(
            att_context_size if att_context_size is not None else self.att_context_size, self.att_context_style, kind
        )
        self.self_attention_model, self.att_context_size_all = kind, contexts
        self.att_context_size, self.att_context_probs = contexts[0], [1.0]
        weight = next(self.parameters())
        place: dict[str, Any] = {"device": device or weight.device, "dtype": weight.dtype}
        self.pos_enc = self._make_positions().to(**place).train(self.training)
        layer: Any
        for layer in self.layers:
            attention = self._make_attention().to(**place)
            attention.load_state_dict(layer.self_attn.state_dict(), strict=False)
            layer.self_attn = attention.train(layer.training)
        if update_config and getattr(self, "_cfg", None) is not None:
            with open_dict(self._cfg):
                self._cfg.self_attention_model, self._cfg.att_context_size = kind, contexts[0]
        if hasattr(self.pre_encode, "sampling_frames"):
            self.setup_streaming_params()

    def change_subsampling_conv_chunking_factor(self, subsampling_conv_chunking_factor: int) -> None:
        """See :meth:`ConvSubsampling.change_subsampling_conv_chunking_factor`."""
        if not hasattr(self.pre_encode, "change_subsampling_conv_chunking_factor"):
            raise ConfigError("this encoder's subsampling has no convolutions, and so no chunking factor to change.")
        self.pre_encode.change_subsampling_conv_chunking_factor(subsampling_conv_chunking_factor)

    def follow_release(self, nemo_version: str | None) -> None:
        """From 2.5 on the subsampling keeps padding zero between its convolutions."""
        self.pre_encode.masks_padding = masks_subsampling(nemo_version)
        if self.reduction_position is not None:
            self.reduction_subsampling.follow_release(nemo_version)

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Features with their lengths, and caches for streams."""
        return {
            "audio_signal": NeuralType(("B", "D", "T"), SpectrogramType()),
            "length": NeuralType(tuple("B"), LengthsType(), optional=True),
            "cache_last_channel": NeuralType(("D", "B", "T", "D"), ChannelType(), optional=True),
            "cache_last_time": NeuralType(("D", "B", "D", "T"), ChannelType(), optional=True),
            "cache_last_channel_len": NeuralType(tuple("B"), LengthsType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Encoded frames with their lengths, and the caches for the next chunk."""
        return {
            "outputs": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation()),
            "encoded_lengths": NeuralType(tuple("B"), LengthsType()),
            "cache_last_channel_next": NeuralType(("D", "B", "T", "D"), ChannelType(), optional=True),
            "cache_last_time_next": NeuralType(("D", "B", "D", "T"), ChannelType(), optional=True),
            "cache_last_channel_next_len": NeuralType(tuple("B"), LengthsType(), optional=True),
        }

    @typecheck()
    def forward(
        self,
        audio_signal: Tensor,
        length: Tensor | None = None,
        cache_last_channel: Tensor | None = None,
        cache_last_time: Tensor | None = None,
        cache_last_channel_len: Tensor | None = None,
    ) -> Any:
        """Encodes features.

        Args:
            audio_signal: [B, D, F].
            length: [B] valid frames; None: all.
            cache_last_channel: [L, B, C, H] what attention remembers of a stream; None: no stream.
            cache_last_time: [L, B, H, T] what the convolutions remember.
            cache_last_channel_len: [B] filled frames of the first.

        Returns:
            [B, H, S] and lengths [B]; for a stream, the three new caches as well.
        """
        if not torch.jit.is_tracing() and audio_signal.shape[1] != self._feat_in:
            raise ShapeError(
                f"ConformerEncoder got audio_signal {list(audio_signal.shape)}; expected [B, D={self._feat_in}, F]. "
                "Transpose the last two dimensions, or set encoder.feat_in to the features of the preprocessor."
            )
        stream = None
        if cache_last_channel is not None:
            stream = StreamState(cache_last_channel, cache_last_time, cache_last_channel_len)
        x, lengths = self._subsampled(audio_signal.transpose(1, 2), length, stream)
        x, lengths = self._encoded(x, lengths, stream)
        x = x.transpose(1, 2)
        if stream is None:
            return x, lengths
        return x, lengths, *stream.next_caches()

    def _subsampled(self, x: Tensor, lengths: Tensor | None, stream: StreamState | None) -> tuple[Tensor, Tensor]:
        """[B, F, D] -> [B, S, H]."""
        if lengths is None:
            lengths = torch.full((x.shape[0],), x.shape[1], dtype=torch.int64, device=x.device)
        if isinstance(self.pre_encode, nn.Linear):
            x = self.pre_encode(x)
        else:
            x, lengths = self.pre_encode(x, lengths)
        if stream is not None and self.sizes.drop_extra_pre_encoded > 0:
            x = x[:, self.sizes.drop_extra_pre_encoded :]
            lengths = (lengths - self.sizes.drop_extra_pre_encoded).clamp(min=0)
        return x, lengths.to(torch.int64)

    def _encoded(self, x: Tensor, lengths: Tensor, stream: StreamState | None) -> tuple[Tensor, Tensor]:
        cached = self.sizes.last_channel_cache_size if stream is not None else 0
        context = self._context_of_this_batch()
        x, positions = self.pos_enc(x, cached)
        empty = cached - stream.filled if stream is not None else None
        mask = attention_mask(
            x.shape[1], cached, where_padded(lengths, x.shape[1]), empty, context, self.att_context_style
        )
        if stream is not None:
            again = self._frames_not_kept(x.shape[1])
            stream.begin(again, kept=x.shape[1] - again, size=cached)
        for number, (layer, drop) in enumerate(zip(self.layers, self.layer_drop_probs, strict=True)):
            cache: LayerCache | None = stream.of_layer(number) if stream is not None else None
            before = x
            x, cache = layer(x, mask, positions, mask.is_padding, cache)
            if stream is not None:
                stream.add(cache)
            if self.training and drop > 0:
                x = with_or_without(before, x, drop)
            if self.reduction_position == number:
                x, lengths = self.reduction_subsampling(x, lengths)
                positions = self.pos_enc(x, cached)[1]
                mask = attention_mask(
                    x.shape[1], cached, where_padded(lengths, x.shape[1]), empty, context, self.att_context_style
                )
            if is_layer_wanted(self, number):
                inner = x if self.out_proj is None else self.out_proj(x)
                keep_layer(self, number, inner.transpose(1, 2), lengths)
        if self.out_proj is not None:
            x = self.out_proj(x)
        if self.reduction_position == -1:
            x, lengths = self.reduction_subsampling(x, lengths)
        return x, lengths

    def _frames_not_kept(self, frames: int) -> int:
        """Newest frames of a chunk of `frames` that the next chunk brings again; fewer in the short last chunks."""
        drop = self.sizes.cache_drop_size
        return max(0, min(drop, frames - self.sizes.valid_out_len)) if drop else 0

    def _context_of_this_batch(self) -> list[int]:
        if self.training and len(self.att_context_size_all) > 1:
            return random.choices(self.att_context_size_all, weights=self.att_context_probs)[0]
        return self.att_context_size

    # -------------------------------------------------------------------------------------------------------- streams

    @property
    def sizes(self) -> CacheAwareStreamingConfig:
        """Sizes of chunks and caches; see :meth:`setup_streaming_params`."""
        if self.streaming_cfg is None:
            raise ConfigError("an encoder with subsampling_factor 1 cannot read streams with caches.")
        return self.streaming_cfg

    def set_default_att_context_size(self, att_context_size: Sequence[int]) -> None:
        """Uses another of the contexts that the encoder was trained for (any is allowed)."""
        self.att_context_size = context_sizes(
            list(att_context_size), self.att_context_style, self.self_attention_model
        )[0]
        self.setup_streaming_params()

    def setup_streaming_params(
        self,
        chunk_size: int | None = None,
        shift_size: int | None = None,
        left_chunks: int | None = None,
        att_context_size: Sequence[int] | None = None,
        max_context: int = 10000,
    ) -> None:
        """Computes how the encoder is fed chunk by chunk; the result is in `streaming_cfg`.

        Args:
            chunk_size: encoder frames of a chunk; None: what the context needs.
            shift_size: encoder frames between the beginnings of two chunks.
            left_chunks: chunks of the past that attention sees; None: what the context says.
            att_context_size: [left, right]; None: the present one.
            max_context: frames of the past when the context has no limit.
        """
        convolution: ConformerConvolution = self.layers[0].conv  # type: ignore[assignment]
        self.streaming_cfg = streaming_sizes(
            self.pre_encode,
            self.subsampling_factor,
            self.n_layers,
            self.att_context_size if att_context_size is None else att_context_size,
            self.att_context_style,
            convolution.right,
            chunk_size,
            shift_size,
            left_chunks,
            max_context,
        )

    def get_initial_cache_state(
        self, batch_size: int = 1, dtype: torch.dtype = torch.float32, device: Any = None, max_dim: int = 0
    ) -> CacheTensors:
        """The caches before the first chunk.

        Args:
            batch_size: streams that are read together.
            dtype: of the caches.
            device: None: where the encoder is.
            max_dim: if positive, the caches are filled with random numbers and lengths, as an example for export.
        """
        device = device or next(self.parameters()).device
        convolution: ConformerConvolution = self.layers[0].conv  # type: ignore[assignment]
        make = torch.randn if max_dim > 0 else torch.zeros
        sizes = (self.n_layers, batch_size)
        channel = make(*sizes, self.sizes.last_channel_cache_size, self.d_model, device=device, dtype=dtype)
        time = make(*sizes, self.d_model, convolution.left, device=device, dtype=dtype)
        if max_dim > 0:
            most = min(max_dim, self.sizes.last_channel_cache_size)
            return channel, time, torch.randint(0, most, (batch_size,), device=device, dtype=torch.int64)
        return channel, time, torch.zeros(batch_size, device=device, dtype=torch.int64)

    def cache_aware_stream_step(
        self,
        processed_signal: Tensor,
        processed_signal_length: Tensor | None = None,
        cache_last_channel: Tensor | None = None,
        cache_last_time: Tensor | None = None,
        cache_last_channel_len: Tensor | None = None,
        keep_all_outputs: bool = True,
        drop_extra_pre_encoded: int | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Encodes one chunk of a stream.

        Args:
            processed_signal: [B, D, F] features of the chunk, with those before it that the subsampling needs.
            processed_signal_length: [B] valid frames; None: all.
            cache_last_channel: caches from the last step, or of :meth:`get_initial_cache_state`.
            cache_last_time: the same.
            cache_last_channel_len: the same.
            keep_all_outputs: the last chunk: also give the frames that a further chunk would change.
            drop_extra_pre_encoded: encoder frames at the beginning that are dropped; None: `streaming_cfg`'s.

        Returns:
            [B, H, S], lengths [B], and the three new caches.
        """
        sizes = self.sizes
        usual = sizes.drop_extra_pre_encoded
        if drop_extra_pre_encoded is not None:
            sizes.drop_extra_pre_encoded = drop_extra_pre_encoded
        try:
            encoded, lengths, *caches = self(
                audio_signal=processed_signal,
                length=processed_signal_length,
                cache_last_channel=cache_last_channel,
                cache_last_time=cache_last_time,
                cache_last_channel_len=cache_last_channel_len,
            )
        finally:
            sizes.drop_extra_pre_encoded = usual
        if sizes.valid_out_len > 0 and (not keep_all_outputs or self.att_context_style == "regular"):
            encoded, lengths = encoded[:, :, : sizes.valid_out_len], lengths.clamp(max=sizes.valid_out_len)
        return encoded, lengths, *caches

    # --------------------------------------------------------------------------------------------------------- export

    @property
    def disabled_deployment_input_names(self) -> set[str]:
        """Inputs that an exported encoder does not have: the caches, unless `export_cache_support` is set."""
        caches = {"cache_last_channel", "cache_last_time", "cache_last_channel_len"}
        return set() if self.export_cache_support else caches

    @property
    def disabled_deployment_output_names(self) -> set[str]:
        """Outputs that an exported encoder does not have."""
        caches = {"cache_last_channel_next", "cache_last_time_next", "cache_last_channel_next_len"}
        return set() if self.export_cache_support else caches

    export_cache_support = False
    """Whether the exported encoder reads streams."""

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 256) -> tuple[Tensor, ...]:
        """Random features for export: [max_batch, D, max_dim] with lengths, and caches where they are exported."""
        device = next(self.parameters()).device
        max_batch, max_dim = max_batch or 1, max_dim or 256
        features = torch.randn(max_batch, self._feat_in, max_dim, device=device)
        lengths = torch.randint(max_dim // 4, max_dim, (max_batch,), device=device, dtype=torch.int64)
        if not self.export_cache_support:
            return features, lengths
        channel, time, filled = self.get_initial_cache_state(max_batch, device=device, max_dim=max_dim)
        return features, lengths, channel.transpose(0, 1), time.transpose(0, 1), filled

    def forward_for_export(self, audio_signal: Tensor, length: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
        """As :meth:`forward`; with caches, which then have the batch first, as :func:`exported_step`."""
        if caches:
            return exported_step(self, audio_signal, length, *caches)
        encoded: tuple[Tensor, ...] = self(audio_signal=audio_signal, length=length)
        return encoded

    @property
    def input_types_for_export(self) -> dict[str, NeuralType]:
        """The types with the caches' batch first."""
        return batch_first(self.input_types)

    @property
    def output_types_for_export(self) -> dict[str, NeuralType]:
        """The types with the caches' batch first."""
        return batch_first(self.output_types)


class ConformerEncoderAdapter(ConformerEncoder, AdapterModuleMixin):
    """A :class:`ConformerEncoder` of the same weights that takes adapters, one behind each layer.

    It takes :class:`~nemo.collections.common.adapters.linear.LinearAdapter`; `in_features` need not be given.
    """

    _accepted_adapter_types = frozenset({LinearAdapter})

    def adapter_places(self) -> Iterator[ConformerLayer]:
        """The layers."""
        return (cast(ConformerLayer, layer) for layer in self.layers)


register_adapter(base_class=ConformerEncoder, adapter_class=ConformerEncoderAdapter)
