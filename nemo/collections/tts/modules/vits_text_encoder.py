"""VITS's encoder of text: a transformer with relative positions (Shaw et al., 2018) over tokens.

tokens [B, U] -> embedding, transformer [B, H, U] -> means and log-deviations of the prior [B, C, U] each
B batch, U tokens, H hidden, C channels of the prior.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.collections.tts.modules.vits_layers import ChannelNorm

WINDOW = 4
"""Tokens at each side whose relative position has a vector of its own."""


class RelativeAttention(nn.Module):
    """Attention whose scores and values know how far tokens are apart; vectors of positions serve all heads."""

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.width = heads, channels // heads
        self.conv_q, self.conv_k, self.conv_v, self.conv_o = (nn.Conv1d(channels, channels, 1) for _ in range(4))
        for layer in (self.conv_q, self.conv_k, self.conv_v):
            nn.init.xavier_uniform_(layer.weight)
        deviation = self.width**-0.5
        self.emb_rel_k = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, self.width) * deviation)
        self.emb_rel_v = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, self.width) * deviation)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, H, U] -> [B, H, U]."""
        query, key, value = (
            layer(x).unflatten(1, (self.heads, self.width)).transpose(2, 3)
            for layer in (self.conv_q, self.conv_k, self.conv_v)
        )
        query = query / math.sqrt(self.width)
        places = torch.arange(x.shape[2], device=x.device)
        apart = places - places[:, None]  # [U, U]: key minus query
        near = apart.abs() <= WINDOW
        index = (apart.clamp(-WINDOW, WINDOW) + WINDOW).expand(x.shape[0], self.heads, -1, -1)
        of_position = (query @ self.emb_rel_k[0].T).gather(-1, index)
        scores = query @ key.transpose(2, 3) + of_position * near
        scores = scores.masked_fill((mask[:, None] * mask[:, None].transpose(2, 3)) == 0, -1e4)
        weights = self.drop(scores.softmax(dim=-1))
        by_position = torch.zeros(x.shape[0], self.heads, x.shape[2], 2 * WINDOW + 1, device=x.device)
        by_position = by_position.to(weights.dtype).scatter_add(-1, index, weights * near)
        mixed = weights @ value + by_position @ self.emb_rel_v[0]
        return self.conv_o(mixed.transpose(2, 3).flatten(1, 2))


class ConvolutionalFeedForward(nn.Module):
    """Two convolutions over time."""

    def __init__(self, channels: int, filters: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.edges = ((kernel_size - 1) // 2, kernel_size // 2)
        self.conv_1 = nn.Conv1d(channels, filters, kernel_size)
        self.conv_2 = nn.Conv1d(filters, channels, kernel_size)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, H, U] -> [B, H, U]."""
        inner = self.drop(torch.relu(self.conv_1(F.pad(x * mask, self.edges))))
        return self.conv_2(F.pad(inner * mask, self.edges)) * mask


class RelativeTransformer(nn.Module):
    """Layers of attention and feed-forward, each normalised after what came in was added."""

    def __init__(self, channels: int, filters: int, heads: int, layers: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.attn_layers = nn.ModuleList(RelativeAttention(channels, heads, dropout) for _ in range(layers))
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))
        self.ffn_layers = nn.ModuleList(
            ConvolutionalFeedForward(channels, filters, kernel_size, dropout) for _ in range(layers)
        )
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, H, U] -> [B, H, U]."""
        x = x * mask
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for attention, norm_1, feed_forward, norm_2 in layers:
            x = norm_1(x + self.drop(attention(x, mask)))
            x = norm_2(x + self.drop(feed_forward(x, mask)))
        return x * mask


class TextEncoder(nn.Module):
    """The prior of what is spoken, by the text.

    Args:
        n_vocab: tokens.
        out_channels: C.
        hidden_channels: H.
        filter_channels: inside of the feed-forward layers.
        n_heads: heads; a divisor of H.
        n_layers: layers.
        kernel_size: of the feed-forward layers.
        p_dropout: probability.
        padding_idx: the token that is padding.
    """

    def __init__(
        self,
        n_vocab: int,
        out_channels: int,
        hidden_channels: int,
        filter_channels: int,
        n_heads: int,
        n_layers: int,
        kernel_size: int,
        p_dropout: float,
        padding_idx: int | None,
    ) -> None:
        super().__init__()
        self.hidden_channels = hidden_channels
        self.emb = nn.Embedding(n_vocab, hidden_channels, padding_idx=padding_idx)
        nn.init.normal_(self.emb.weight, 0.0, hidden_channels**-0.5)
        self.encoder = RelativeTransformer(hidden_channels, filter_channels, n_heads, n_layers, kernel_size, p_dropout)
        self.proj = nn.Conv1d(hidden_channels, 2 * out_channels, 1)

    def forward(self, text: Tensor, text_len: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Tokens [B, U] with lengths [B] -> vectors [B, H, U], means and log-deviations [B, C, U], mask [B, 1, U]."""
        x = self.emb(text).transpose(1, 2) * math.sqrt(self.hidden_channels)
        mask = lengths_to_mask(text_len, text.shape[1]).transpose(1, 2).to(x.dtype)
        x = self.encoder(x, mask)
        means, log_deviations = (self.proj(x) * mask).chunk(2, dim=1)
        return x, means, log_deviations, mask
