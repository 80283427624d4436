"""Predictions and labels of any dims, as one list of those that count."""

from __future__ import annotations

from torch import Tensor


def chosen_positions(predictions: Tensor, labels: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Predictions [..., C] and labels [...] or [..., C], flattened to [N, C] and [N] or [N, C].

    Args:
        predictions: [..., C].
        labels: classes [...], or a target for each class [..., C].
        mask: [...], above 0.5 where a position counts; None: everywhere.
    """
    flat = predictions.flatten(end_dim=-2)
    flat_labels = labels.flatten(end_dim=-2) if labels.ndim == predictions.ndim else labels.flatten()
    if mask is None:
        return flat, flat_labels
    counts = mask.flatten() > 0.5
    return flat[counts], flat_labels[counts]
