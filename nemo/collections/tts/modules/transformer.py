"""Feed-forward transformers: self-attention, and convolutions where others have linear layers (Ren et al., 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.common.transformer import masks
from nemo.collections.tts.modules.conditioning import ConditionalInput, ConditionalLayerNorm
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.neural_types import EncodedRepresentation, LengthsType, MaskType, NeuralType, TokenIndex


def lengths_to_mask(lengths: Tensor, frames: int) -> Tensor:
    """[B] -> [B, T, 1], True where there is no padding."""
    return masks.lengths_to_mask(lengths, frames)[..., None]


class PositionalEmbedding(nn.Module):
    """Sines, then cosines, of the positions (Vaswani et al., 2017, section 3.5, in another order)."""

    inv_freq: Tensor

    def __init__(self, demb: int) -> None:
        super().__init__()
        self.register_buffer("inv_freq", 1 / (10000 ** (torch.arange(0.0, demb, 2.0) / demb)))

    def forward(self, frames: int) -> Tensor:
        """[1, T, H] for positions 0 to T - 1."""
        positions = torch.arange(frames, device=self.inv_freq.device, dtype=self.inv_freq.dtype)
        angles = torch.outer(positions, self.inv_freq)
        return torch.cat([angles.sin(), angles.cos()], dim=1)[None]


class MultiHeadAttn(nn.Module):
    """Self-attention with a residual connection and a layer norm, before it or after."""

    def __init__(
        self,
        n_head: int,
        d_model: int,
        d_head: int,
        dropout: float,
        dropatt: float,
        pre_lnorm: bool,
        condition_types: Sequence[str],
    ) -> None:
        super().__init__()
        self.n_head, self.pre_lnorm, self.attention_dropout = n_head, pre_lnorm, dropatt
        self.qkv_net = nn.Linear(d_model, 3 * n_head * d_head)
        self.o_net = nn.Linear(n_head * d_head, d_model, bias=False)
        self.drop = nn.Dropout(dropout)
        self.layer_norm = ConditionalLayerNorm(d_model, condition_dim=d_model, condition_types=condition_types)

    def forward(self, x: Tensor, mask: Tensor, conditioning: Tensor | None) -> Tensor:
        """[B, T, H] with a mask [B, T, 1], True where there is no padding."""
        inner = self.layer_norm(x, conditioning) if self.pre_lnorm else x
        queries, keys, values = self.qkv_net(inner).chunk(3, dim=2)
        queries, keys, values = (
            each.unflatten(2, (self.n_head, -1)).transpose(1, 2) for each in (queries, keys, values)
        )
        seen = F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=mask[:, None, None, :, 0],
            dropout_p=self.attention_dropout if self.training else 0.0,
        )
        x = x + self.drop(self.o_net(seen.transpose(1, 2).flatten(2)))
        return x if self.pre_lnorm else self.layer_norm(x, conditioning)


class PositionwiseConvFF(nn.Module):
    """Two convolutions over time, with a residual connection and a layer norm, before them or after."""

    def __init__(
        self,
        d_model: int,
        d_inner: int,
        kernel_size: int,
        dropout: float,
        pre_lnorm: bool,
        condition_types: Sequence[str],
    ) -> None:
        super().__init__()
        self.pre_lnorm = pre_lnorm
        self.CoreNet = nn.Sequential(  # the name is that of archives
            nn.Conv1d(d_model, d_inner, kernel_size, padding=kernel_size // 2),
            nn.ReLU(),
            nn.Conv1d(d_inner, d_model, kernel_size, padding=kernel_size // 2),
            nn.Dropout(dropout),
        )
        self.layer_norm = ConditionalLayerNorm(d_model, condition_dim=d_model, condition_types=condition_types)

    def forward(self, x: Tensor, conditioning: Tensor | None) -> Tensor:
        """[B, T, H] -> [B, T, H]."""
        inner = self.layer_norm(x, conditioning) if self.pre_lnorm else x
        x = x + self.CoreNet(inner.transpose(1, 2)).transpose(1, 2)
        return x if self.pre_lnorm else self.layer_norm(x, conditioning)


class TransformerLayer(nn.Module):
    """Attention and convolutions; padding is zero after both."""

    def __init__(
        self,
        n_head: int,
        d_model: int,
        d_head: int,
        d_inner: int,
        kernel_size: int,
        dropout: float,
        dropatt: float,
        pre_lnorm: bool,
        condition_types: Sequence[str],
    ) -> None:
        super().__init__()
        self.dec_attn = MultiHeadAttn(n_head, d_model, d_head, dropout, dropatt, pre_lnorm, condition_types)
        self.pos_ff = PositionwiseConvFF(d_model, d_inner, kernel_size, dropout, pre_lnorm, condition_types)

    def forward(self, x: Tensor, mask: Tensor, conditioning: Tensor | None) -> Tensor:
        """[B, T, H] with a mask [B, T, 1]."""
        x = self.dec_attn(x, mask, conditioning) * mask
        return self.pos_ff(x, conditioning) * mask


class FFTransformerDecoder(NeuralModule):
    """Feed-forward transformer over vectors.

    Args:
        n_layer: number of layers.
        n_head: attention heads.
        d_model: H, the width.
        d_head: width of each head.
        d_inner: channels between the two convolutions of a layer.
        kernel_size: of both.
        dropout: after attention and after the convolutions.
        dropatt: of attention weights.
        dropemb: of the input.
        pre_lnorm: layer norms stand before attention and convolutions, not after them.
        condition_types: how a speaker's vector conditions it: add, concat, layernorm.
    """

    def __init__(
        self,
        n_layer: int,
        n_head: int,
        d_model: int,
        d_head: int,
        d_inner: int,
        kernel_size: int,
        dropout: float,
        dropatt: float,
        dropemb: float = 0.0,
        pre_lnorm: bool = False,
        condition_types: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.d_model, self.n_head, self.d_head = d_model, n_head, d_head
        self.pos_emb = PositionalEmbedding(d_model)
        self.drop = nn.Dropout(dropemb)
        sizes = (n_head, d_model, d_head, d_inner, kernel_size, dropout, dropatt, pre_lnorm, condition_types)
        self.layers = nn.ModuleList(TransformerLayer(*sizes) for _ in range(n_layer))
        self.cond_input = ConditionalInput(d_model, d_model, condition_types)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Vectors with their lengths."""
        return {
            "input": NeuralType(("B", "T", "D"), EncodedRepresentation()),
            "seq_lens": NeuralType(tuple("B"), LengthsType()),
            "conditioning": NeuralType(("B", "T", "D"), EncodedRepresentation(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Vectors with their mask."""
        return {
            "out": NeuralType(("B", "T", "D"), EncodedRepresentation()),
            "mask": NeuralType(("B", "T", "D"), MaskType()),
        }

    def forward(self, input: Tensor, seq_lens: Tensor, conditioning: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Transforms vectors.

        Args:
            input: [B, T, H].
            seq_lens: [B].
            conditioning: [B, 1, H] vectors of speakers; None for none.

        Returns:
            [B, T, H], zero where there is padding, and the mask [B, T, 1], True where there is none.
        """
        return self._forward(input, lengths_to_mask(seq_lens, input.shape[1]), conditioning)

    def _forward(self, x: Tensor, mask: Tensor, conditioning: Tensor | None) -> tuple[Tensor, Tensor]:
        x = self.drop(self.cond_input(x + self.pos_emb(x.shape[1]) * mask, conditioning))
        for layer in self.layers:
            x = layer(x, mask, conditioning)
        return x, mask


class FFTransformerEncoder(FFTransformerDecoder):
    """Feed-forward transformer over tokens.

    Args:
        n_layer, n_head, d_model, d_head, d_inner, kernel_size, dropout, dropatt, dropemb, pre_lnorm, condition_types:
            as for :class:`FFTransformerDecoder`.
        n_embed: number of tokens.
        d_embed: width of their embedding; `d_model` if it is None.
        padding_idx: id of padding.
    """

    def __init__(
        self,
        n_layer: int,
        n_head: int,
        d_model: int,
        d_head: int,
        d_inner: int,
        kernel_size: int,
        dropout: float,
        dropatt: float,
        dropemb: float = 0.0,
        pre_lnorm: bool = False,
        n_embed: int = 0,
        d_embed: int | None = None,
        padding_idx: int = 0,
        condition_types: Sequence[str] = (),
    ) -> None:
        sizes = (n_layer, n_head, d_model, d_head, d_inner, kernel_size)  # named again above: configs know them so
        super().__init__(*sizes, dropout, dropatt, dropemb, pre_lnorm, condition_types)
        self.padding_idx = padding_idx
        self.word_emb = nn.Embedding(n_embed, d_embed or d_model, padding_idx=padding_idx)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens; padding is told by its id."""
        return {
            "input": NeuralType(("B", "T"), TokenIndex()),
            "conditioning": NeuralType(("B", "T", "D"), EncodedRepresentation(), optional=True),
        }

    def forward(  # type: ignore[override]  # tokens tell their lengths
        self, input: Tensor, conditioning: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Encodes tokens.

        Args:
            input: [B, T] tokens.
            conditioning: [B, 1, H] vectors of speakers; None for none.

        Returns:
            [B, T, H], zero where there is padding, and the mask [B, T, 1], True where there is none.
        """
        return self._forward(self.word_emb(input), (input != self.padding_idx)[..., None], conditioning)
