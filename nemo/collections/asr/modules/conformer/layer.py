"""A Conformer layer: half a feed-forward, attention, convolution, half a feed-forward, each beside a residual.

x [B, S, H] -> [B, S, H]. Gulati et al., 2020, section 2. The names are fixed by archives.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.attention import MultiHeadAttention
from nemo.collections.asr.modules.conformer.attention_context import AttentionMask
from nemo.collections.asr.modules.conformer.convolution import ConformerConvolution
from nemo.collections.common.modules.linear import Linear
from nemo.core.adapters.module_adapters import AdapterModuleMixin


@dataclass
class LayerCache:
    """What a layer keeps from one chunk of a stream to the next.

    Attributes:
        channel: [B, C, H] the last inputs of attention.
        time: [B, H, L] the last inputs of the depthwise convolution.
        drop: newest frames of a chunk that are not kept, because the next chunk brings them again.
    """

    channel: Tensor
    time: Tensor
    drop: int = 0


class ConformerFeedForward(nn.Module):
    """Two linear layers with Swish between them.

    Args:
        d_model: H.
        d_ff: width between the layers.
        dropout: after the activation.
        use_bias: the layers have a bias.
    """

    def __init__(self, d_model: int, d_ff: int, dropout: float, use_bias: bool = True) -> None:
        super().__init__()
        self.linear1 = Linear(d_model, d_ff, bias=use_bias)
        self.activation = nn.SiLU()
        self.dropout = nn.Dropout(dropout)
        self.linear2 = Linear(d_ff, d_model, bias=use_bias)

    def forward(self, x: Tensor) -> Tensor:
        """Computes [..., H] -> [..., H]."""
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class ConformerLayer(nn.Module, AdapterModuleMixin):
    """See the head of this file. Adapters get the layer's output.

    Args:
        d_model: H.
        d_ff: width inside the feed-forwards.
        attention: the self-attention.
        convolution: the convolution module.
        dropout: on what is added to each residual.
        dropout_ff: inside the feed-forwards.
        use_bias: the feed-forwards have a bias.
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        attention: MultiHeadAttention,
        convolution: ConformerConvolution,
        dropout: float = 0.1,
        dropout_ff: float = 0.1,
        use_bias: bool = True,
    ) -> None:
        super().__init__()
        self.fc_factor = 0.5
        self.norm_feed_forward1 = nn.LayerNorm(d_model)
        self.feed_forward1 = ConformerFeedForward(d_model, d_ff, dropout_ff, use_bias)
        self.norm_conv = nn.LayerNorm(d_model)
        self.conv = convolution
        self.norm_self_att = nn.LayerNorm(d_model)
        self.self_attn = attention
        self.norm_feed_forward2 = nn.LayerNorm(d_model)
        self.feed_forward2 = ConformerFeedForward(d_model, d_ff, dropout_ff, use_bias)
        self.dropout = nn.Dropout(dropout)
        self.norm_out = nn.LayerNorm(d_model)

    def forward(
        self,
        x: Tensor,
        mask: AttentionMask,
        positions: Tensor,
        is_padding: Tensor | None,
        cache: LayerCache | None = None,
    ) -> tuple[Tensor, LayerCache | None]:
        """Computes one layer.

        Args:
            x: [B, S, H].
            mask: what each frame may look at.
            positions: encodings for the attention.
            is_padding: [B, S, 1]; None: nothing is.
            cache: what the layer kept; None: no stream.

        Returns:
            [B, S, H] and the new cache.
        """
        x = torch.add(x, self.dropout(self.feed_forward1(self.norm_feed_forward1(x))), alpha=self.fc_factor)
        attended = self.norm_self_att(x)
        channel = cache.channel if cache is not None else None
        x = x + self.dropout(self.self_attn(attended, mask, positions, channel))
        past = cache.time.transpose(1, 2) if cache is not None else None
        convolved, read = self.conv(self.norm_conv(x), is_padding, past)
        x = x + self.dropout(convolved)
        x = torch.add(x, self.dropout(self.feed_forward2(self.norm_feed_forward2(x))), alpha=self.fc_factor)
        x = self.norm_out(x)
        if self.is_adapter_available():
            x = self.forward_enabled_adapters(x)
        return x, _next_cache(cache, attended, read) if cache is not None else None

    @property
    def adapter_input_size(self) -> int:
        """H."""
        return int(self.norm_out.normalized_shape[0])


def _next_cache(cache: LayerCache, attended: Tensor, read: Tensor) -> LayerCache:
    """The newest frames of what the layer read, as many as before."""
    kept = attended.shape[1] - cache.drop
    channel = torch.cat([cache.channel, attended[:, :kept]], dim=1)[:, kept:]
    frames = cache.time.shape[2]
    end = read.shape[1] - cache.drop
    return LayerCache(channel, read[:, end - frames : end].transpose(1, 2), cache.drop)
