"""Which token is spoken when: soft alignments of text and spectrograms (Badlani et al., 2022, section 2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.tts.modules.conditioning import ConditionalInput
from nemo.core.classes.neural_module import NeuralModule

FAR = -1.0e30
"""Energy of padding."""
PRIOR_GUARD = 1e-8
"""Keeps a prior of zero from the logarithm."""


class ConvNorm(nn.Module):
    """Convolution over time that keeps the length; its weights begin as Glorot and Bengio (2010) say."""

    def __init__(self, before: int, after: int, kernel_size: int, gain: Any = "linear") -> None:
        super().__init__()
        self.conv = nn.Conv1d(before, after, kernel_size, padding=kernel_size // 2)
        nn.init.xavier_uniform_(self.conv.weight, gain=nn.init.calculate_gain(gain))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] -> [B, C', T]."""
        return self.conv(x)


class AlignmentEncoder(NeuralModule):
    """Compares projected text with projected spectrograms: the nearer, the more probable.

    Args:
        n_mel_channels: D, mel bands.
        n_text_channels: H, width of the text's embedding.
        n_att_channels: width in which both are compared.
        temperature: factor of the distances.
        condition_types: how a speaker's vector conditions the text: add, concat.
        dist_type: l2 or cosine.
    """

    def __init__(
        self,
        n_mel_channels: int = 80,
        n_text_channels: int = 512,
        n_att_channels: int = 80,
        temperature: float = 0.0005,
        condition_types: Sequence[str] = (),
        dist_type: str = "l2",
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.dist_type = dist_type
        self.cond_input = ConditionalInput(n_text_channels, n_text_channels, condition_types)
        self.key_proj = nn.Sequential(
            ConvNorm(n_text_channels, n_text_channels * 2, 3, gain="relu"),
            nn.ReLU(),
            ConvNorm(n_text_channels * 2, n_att_channels, 1),
        )
        self.query_proj = nn.Sequential(
            ConvNorm(n_mel_channels, n_mel_channels * 2, 3, gain="relu"),
            nn.ReLU(),
            ConvNorm(n_mel_channels * 2, n_mel_channels, 1),
            nn.ReLU(),
            ConvNorm(n_mel_channels, n_att_channels, 1),
        )

    def forward(
        self,
        queries: Tensor,
        keys: Tensor,
        mask: Tensor | None = None,
        attn_prior: Tensor | None = None,
        conditioning: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Aligns spectrograms with text.

        Args:
            queries: [B, D, F] log-mel spectrograms.
            keys: [B, H, U] embedded text.
            mask: [B, U, 1], True where the text is padding.
            attn_prior: [B, F, U] how probable each token is in each frame before anything is heard.
            conditioning: [B, 1, H] vectors of speakers.

        Returns:
            [B, 1, F, U] probabilities of tokens for each frame, and their logarithms before padding was left out
            (without a prior: minus the scaled squared distances).
        """
        keys = self.cond_input(keys.transpose(1, 2), conditioning).transpose(1, 2)
        energies = -self._distances(self.query_proj(queries), self.key_proj(keys))[:, None]
        if attn_prior is not None:
            energies = torch.log_softmax(energies, dim=3) + torch.log(attn_prior[:, None] + PRIOR_GUARD)
        log_probs = energies
        if mask is not None:
            energies = energies.masked_fill(mask.transpose(1, 2)[:, None], FAR)
        return torch.softmax(energies, dim=3), log_probs

    def _distances(self, queries: Tensor, keys: Tensor) -> Tensor:
        """[B, C, F], [B, C, U] -> [B, F, U]."""
        queries, keys = queries.transpose(1, 2), keys.transpose(1, 2)
        if self.dist_type == "cosine":
            return -self.temperature * torch.cosine_similarity(queries[:, :, None], keys[:, None], dim=-1)
        squares = queries.pow(2).sum(2)[:, :, None] + keys.pow(2).sum(2)[:, None]
        return self.temperature * (squares - 2 * queries @ keys.transpose(1, 2))
