"""Greedy CTC search (Graves et al., 2006): the best class of each frame, repeats folded, blanks dropped.

log_probs [B, S, V + 1] -> labels [B, S] -> tokens with their first and last frame

The whole batch is folded by tensor operations, and the result goes to the CPU in one transfer: no loop over frames, and
no wait for the device for each utterance.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from nemo.collections.asr.decoding.confidence import ConfidenceMethodConfig


@dataclass
class GreedyCTCInferConfig:
    """`greedy` of a CTC decoding section."""

    preserve_alignments: bool = False
    compute_timestamps: bool = False
    preserve_frame_confidence: bool = False
    confidence_method_cfg: ConfidenceMethodConfig = field(default_factory=ConfidenceMethodConfig)


@dataclass
class FoldedPath:
    """One utterance after folding; the three lists have one entry for each token."""

    tokens: list[int]
    starts: list[int]
    """First frame of each token."""
    ends: list[int]
    """Frame after its last one."""


def best_path(log_probs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """The most probable class of each frame and the log-probability of that path.

    Args:
        log_probs: [B, S, V + 1].
        lengths: [B] valid frames.

    Returns:
        labels [B, S] (what stands after an utterance's end means nothing) and scores [B], summed over valid frames.
    """
    best, labels = log_probs.max(dim=-1)
    frames = torch.arange(labels.shape[1], device=labels.device)
    scores = best.masked_fill(frames >= lengths[:, None], 0.0).sum(dim=1)
    return labels, scores


def fold_paths(labels: Tensor, lengths: Tensor, blank: int, fold_consecutive: bool = True) -> list[FoldedPath]:
    """Folds repeated labels and drops blanks.

    A blank between two equal labels keeps both: ``a a - a`` is ``a a``.

    Args:
        labels: [B, S] class of each frame.
        lengths: [B] valid frames; what follows is not looked at. Zero gives an empty path.
        blank: index of the blank.
        fold_consecutive: False keeps each frame's label as a token of its own.

    Returns:
        B paths.
    """
    batch, frames = labels.shape
    if batch == 0 or frames == 0:
        return [FoldedPath([], [], []) for _ in range(batch)]
    lengths = lengths.to(labels.device)
    position = torch.arange(frames, device=labels.device)
    is_start = position < lengths[:, None]
    if fold_consecutive:
        is_start[:, 1:] &= labels[:, 1:] != labels[:, :-1]
    row, start = is_start.nonzero(as_tuple=True)  # runs of equal labels, row by row
    end = lengths.to(start.dtype)[row]
    same_row = row[1:] == row[:-1]
    end[:-1] = torch.where(same_row, start[1:], end[:-1])  # a run ends where the next one of its row begins
    token = labels[row, start].to(start.dtype)
    kept = torch.stack((row, token, start, end))[:, token != blank].cpu()  # the one transfer
    counts = torch.bincount(kept[0], minlength=batch).tolist()
    tokens, starts, ends = (part.split(counts) for part in kept[1:])
    return [FoldedPath(t.tolist(), s.tolist(), e.tolist()) for t, s, e in zip(tokens, starts, ends, strict=True)]
