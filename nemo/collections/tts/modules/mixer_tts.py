"""Mixer-TTS's networks: convolutions mix times, linear layers channels, in turn (Tatanov et al., 2022, section 2.1).

B batch, T tokens or frames, H features, L tokens of a language model, C their embedding's width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.aligner import ConvNorm
from nemo.collections.tts.modules.transformer import PositionalEmbedding
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.neural_types import EncodedRepresentation, MaskType, NeuralType
from nemo.utils.exceptions import ConfigError

DEPTH_WISE = "depth-wise"


class TimeMix(nn.Module):
    """Two convolutions over time, each channel by itself."""

    def __init__(self, feature_dim: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.first_mix_layer, self.second_mix_layer = (
            nn.Conv1d(feature_dim, feature_dim, kernel_size, padding=kernel_size // 2, groups=feature_dim)
            for _ in range(2)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, T, H] -> [B, T, H]; padding is zero before each convolution."""
        over_time = mask.transpose(1, 2)
        x = self.dropout(F.gelu(self.first_mix_layer((x * mask).transpose(1, 2))))
        return self.dropout(self.second_mix_layer(x * over_time).transpose(1, 2))


class ChannelMix(nn.Module):
    """Two linear layers over channels, each time by itself."""

    def __init__(self, feature_dim: int, expansion_factor: int, dropout: float) -> None:
        super().__init__()
        self.first_mix_layer = nn.Linear(feature_dim, feature_dim * expansion_factor)
        self.second_mix_layer = nn.Linear(feature_dim * expansion_factor, feature_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, T, H] -> [B, T, H]."""
        return self.dropout(self.second_mix_layer(self.dropout(F.gelu(self.first_mix_layer(x)))))


class PreNormResidual(nn.Module):
    """A layer norm before a network, and the input added to what it gives."""

    def __init__(self, fn: nn.Module, feature_dim: int) -> None:
        super().__init__()
        self.fn = fn
        self.norm = nn.LayerNorm(feature_dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, T, H] -> [B, T, H]."""
        return x + self.fn(self.norm(x), mask)


class MixerTTSBlock(nn.Module):
    """Mixes times, then channels; padding is zero afterwards."""

    def __init__(self, feature_dim: int, kernel_size: int, expansion_factor: int, dropout: float) -> None:
        super().__init__()
        self.time_mix = PreNormResidual(TimeMix(feature_dim, kernel_size, dropout), feature_dim)
        self.channel_mix = PreNormResidual(ChannelMix(feature_dim, expansion_factor, dropout), feature_dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, T, H] -> [B, T, H]."""
        return self.channel_mix(self.time_mix(x, mask), mask) * mask


class MixerTTSModule(NeuralModule):
    """Encoder of tokens, or decoder of frames.

    Args:
        num_tokens: number of tokens; -1: the input is vectors.
        feature_dim: H.
        num_layers: number of blocks.
        kernel_sizes: of the convolutions of each block; odd.
        padding_idx: the token that is padding.
        conv_type: depth-wise.
        expansion_factor: channels inside the mixing of channels, as a multiple of H.
        dropout: after each mixing.

    Raises:
        ConfigError: the kernels do not fit the number of blocks, or an unknown `conv_type`.
    """

    def __init__(
        self,
        num_tokens: int,
        feature_dim: int,
        num_layers: int,
        kernel_sizes: Sequence[int],
        padding_idx: int = 100,
        conv_type: str = DEPTH_WISE,
        expansion_factor: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(kernel_sizes) != num_layers or any(size % 2 == 0 for size in kernel_sizes):
            raise ConfigError(
                f"kernel_sizes is {list(kernel_sizes)} and num_layers {num_layers}. Expected one odd number for each "
                "layer; mend the list."
            )
        if conv_type != DEPTH_WISE:
            raise ConfigError(f"conv_type is {conv_type!r}. Expected {DEPTH_WISE}; set it to this.")
        self.d_model = feature_dim
        is_of_tokens = num_tokens != -1
        self.to_embed = (
            nn.Embedding(num_tokens, feature_dim, padding_idx=padding_idx) if is_of_tokens else nn.Identity()
        )
        self.mixer_blocks = nn.ModuleList(
            MixerTTSBlock(feature_dim, size, expansion_factor, dropout) for size in kernel_sizes
        )
        self.norm = nn.LayerNorm(feature_dim, eps=1e-3)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mixes tokens or vectors.

        Args:
            x: [B, T] tokens, or [B, T, H] vectors.
            mask: [B, T, 1], True where there is no padding.

        Returns:
            [B, T, H], zero where there is padding, and the mask.
        """
        x = self.to_embed(x) * mask
        for block in self.mixer_blocks:
            x = block(x, mask)
        return self.norm(x) * mask, mask


class SelfAttentionModule(NeuralModule):
    """Brings what a language model knows of a text to its tokens, by attention with one head (section 2.3).

    Args:
        n_text_channels: H, width of the encoded text.
        n_lm_tokens_channels: C, width of the language model's embeddings.
    """

    def __init__(self, n_text_channels: int = 384, n_lm_tokens_channels: int = 128) -> None:
        super().__init__()
        self.text_pos_emb = PositionalEmbedding(n_text_channels)
        self.lm_pos_emb = PositionalEmbedding(n_lm_tokens_channels)
        self.query_proj = _projection(n_text_channels, n_text_channels)
        self.key_proj = _projection(n_lm_tokens_channels, n_text_channels)
        self.value_proj = _projection(n_lm_tokens_channels, n_text_channels)
        self.scale = n_text_channels**-0.5

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Encoded text, and what is known of it."""
        return {
            "queries": NeuralType(("B", "T", "D"), EncodedRepresentation()),
            "keys": NeuralType(("B", "T", "D"), EncodedRepresentation()),
            "values": NeuralType(("B", "T", "D"), EncodedRepresentation()),
            "q_mask": NeuralType(("B", "T"), MaskType()),
            "kv_mask": NeuralType(("B", "T"), MaskType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Vectors to be added to the encoded text."""
        return {"attn_out": NeuralType(("B", "T", "D"), EncodedRepresentation())}

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, q_mask: Tensor, kv_mask: Tensor) -> Tensor:
        """Asks for each token of the text.

        Args:
            queries: [B, T, H] encoded text.
            keys: [B, L, C] embeddings of the language model.
            values: [B, L, C] the same, or others.
            q_mask: [B, T], True where there is no padding.
            kv_mask: [B, L] the same.

        Returns:
            [B, T, H], zero where there is padding.
        """
        asked = _projected(self.query_proj, queries, self.text_pos_emb(queries.shape[1]), q_mask)
        positions = self.lm_pos_emb(keys.shape[1])
        known = _projected(self.key_proj, keys, positions, kv_mask)
        scores = asked @ known.transpose(1, 2) * self.scale
        scores = scores.masked_fill(~kv_mask[:, None], torch.finfo(scores.dtype).min)
        found = scores.softmax(dim=2) @ _projected(self.value_proj, values, positions, kv_mask)
        return found * q_mask[..., None]


def _projection(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(ConvNorm(before, after, 3, gain="relu"), nn.ReLU(), ConvNorm(after, after, 1))


def _projected(projection: nn.Module, x: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
    """[B, T, C] with positions [1, T, C] -> [B, T, H]; padding is zero before the convolutions."""
    return projection(((x + positions) * mask[..., None]).transpose(1, 2)).transpose(1, 2)
