"""Losses that teach alignments of text and speech without any given (Badlani et al., 2022; Shih et al., 2021)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from nemo.core.classes.loss import Loss

FAR = -1.0e4
"""Log-probability of tokens that are padding."""


def bin_loss_weight(epoch: int, max_epochs: int | None, start_ratio: float, warmup_epochs: int) -> float:
    """Weight of the loss of hard alignments in an epoch: it grows to 1, and is 0 before it begins.

    Args:
        epoch: from 0 on.
        max_epochs: of the training; None or -1: no end is known, and it begins at once.
        start_ratio: part of the epochs after which it begins.
        warmup_epochs: epochs in which it grows.
    """
    start = math.ceil(start_ratio * max_epochs) if max_epochs is not None and max_epochs > 0 else 0
    return min(max((epoch - start) / max(warmup_epochs, 1), 0.0), 1.0)


class ForwardSumLoss(Loss):
    """Minus the log-probability of all monotonic alignments, computed as CTC of the tokens 1 to U.

    Args:
        blank_logprob: log-probability, before normalisation, that a frame has no token.
        loss_scale: factor.
    """

    def __init__(self, blank_logprob: float = -1.0, loss_scale: float = 1.0) -> None:
        super().__init__()
        self.blank_logprob = blank_logprob
        self.loss_scale = loss_scale

    def forward(self, attn_logprob: Tensor, in_lens: Tensor, out_lens: Tensor) -> Tensor:
        """The mean over the batch, each divided by its number of tokens.

        Args:
            attn_logprob: [B, 1, F, U] log-probabilities of tokens for each frame, not normalised.
            in_lens: [B] tokens.
            out_lens: [B] frames.
        """
        logits = attn_logprob[:, 0].float()
        tokens = torch.arange(logits.shape[2], device=logits.device)
        logits = logits.masked_fill(tokens >= in_lens[:, None, None], FAR)
        log_probs = F.pad(logits, (1, 0), value=self.blank_logprob).log_softmax(dim=2)
        targets = (tokens + 1).expand(len(logits), -1)
        loss = F.ctc_loss(log_probs.transpose(0, 1), targets, out_lens, in_lens, zero_infinity=True)
        return loss * self.loss_scale


class BinLoss(Loss):
    """How far soft alignments are from the hard ones that were made of them.

    Args:
        loss_scale: factor.
    """

    def __init__(self, loss_scale: float = 1.0) -> None:
        super().__init__()
        self.loss_scale = loss_scale

    def forward(self, hard_attention: Tensor, soft_attention: Tensor) -> Tensor:
        """Minus the mean log-probability on the hard path; both are [B, 1, F, U]."""
        on_path = soft_attention[hard_attention == 1].clamp(min=1e-12)
        return -on_path.log().sum() / hard_attention.sum() * self.loss_scale
