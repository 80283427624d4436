"""A Squeezeformer layer: attention, feed-forward, convolution, feed-forward, each beside a residual, then normalised.

x [B, S, H] -> [B, S, H]. Kim et al., 2022 (https://arxiv.org/abs/2206.00888), section 3.2. The names are fixed by
archives.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.attention import MultiHeadAttention
from nemo.collections.asr.modules.conformer.attention_context import AttentionMask
from nemo.collections.asr.modules.conformer.convolution import ConformerConvolution
from nemo.collections.asr.modules.conformer.layer import ConformerFeedForward
from nemo.core.adapters.module_adapters import AdapterModuleMixin


class ScaleBiasLayer(nn.Module):
    """A factor and a shift for each channel, in place of a norm before a module.

    Args:
        d_model: H.
        adaptive_scale: they are trained; else they stay 1 and 0.
    """

    scale: Tensor
    bias: Tensor

    def __init__(self, d_model: int, adaptive_scale: bool) -> None:
        super().__init__()
        scale, bias = torch.ones(d_model), torch.zeros(d_model)
        if adaptive_scale:
            self.scale, self.bias = nn.Parameter(scale), nn.Parameter(bias)
        else:
            self.register_buffer("scale", scale)
            self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """Scales [B, S, H]."""
        return x * self.scale + self.bias


class SqueezeformerLayer(nn.Module, AdapterModuleMixin):
    """See the head of this file.

    Args:
        d_model: H.
        d_ff: width inside the feed-forwards.
        attention: the self-attention.
        convolution: the convolution module.
        dropout: on what is added to each residual, and inside the feed-forwards.
        adaptive_scale: trained scales before each module.
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        attention: MultiHeadAttention,
        convolution: ConformerConvolution,
        dropout: float = 0.1,
        adaptive_scale: bool = True,
    ) -> None:
        super().__init__()
        self.self_attn_scale = ScaleBiasLayer(d_model, adaptive_scale)
        self.self_attn = attention
        self.norm_self_att = nn.LayerNorm(d_model)
        self.feed_forward1_scale = ScaleBiasLayer(d_model, adaptive_scale)
        self.feed_forward1 = ConformerFeedForward(d_model, d_ff, dropout)
        self.norm_feed_forward1 = nn.LayerNorm(d_model)
        self.conv_scale = ScaleBiasLayer(d_model, adaptive_scale)
        self.conv = convolution
        self.norm_conv = nn.LayerNorm(d_model)
        self.feed_forward2_scale = ScaleBiasLayer(d_model, adaptive_scale)
        self.feed_forward2 = ConformerFeedForward(d_model, d_ff, dropout)
        self.norm_feed_forward2 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: AttentionMask, positions: Tensor) -> Tensor:
        """Computes one layer.

        Args:
            x: [B, S, H].
            mask: what each frame may look at, and what is padding.
            positions: encodings for the attention.

        Returns:
            [B, S, H].
        """
        x = self.norm_self_att(x + self.dropout(self.self_attn(self.self_attn_scale(x), mask, positions)))
        x = self.norm_feed_forward1(x + self.dropout(self.feed_forward1(self.feed_forward1_scale(x))))
        convolved, _ = self.conv(self.conv_scale(x), mask.is_padding)
        x = self.norm_conv(x + self.dropout(convolved))
        x = self.norm_feed_forward2(x + self.dropout(self.feed_forward2(self.feed_forward2_scale(x))))
        return self.forward_enabled_adapters(x) if self.is_adapter_available() else x

    @property
    def adapter_input_size(self) -> int:
        """H."""
        return int(self.norm_conv.normalized_shape[0])
