"""The probability from which on a label is given, so that F1 is highest."""

from __future__ import annotations

import torch
from torch import Tensor


def best_threshold(probabilities: Tensor, labels: Tensor) -> tuple[float, float]:
    """The threshold with the highest F1 of all examples and classes together, the largest of equal ones.

    Args:
        probabilities: [...] from 0 to 1.
        labels: [...], as many, 1 where the label is right.

    Returns:
        The threshold, halfway between the probabilities on both sides of it, and its F1, 0 to 1; 0.5 and 0 where no
        label is right.
    """
    flat, right = probabilities.flatten().double(), labels.flatten() > 0.5
    if not right.any():
        return 0.5, 0.0
    values, order = flat.sort(descending=True)
    hits = right[order].cumsum(0)
    given = torch.arange(1, len(values) + 1)
    scores = 2 * hits / (given + right.sum())
    lower = torch.cat([values[1:], values.new_zeros(1)])
    scores[lower == values] = -1.0  # equal probabilities are not to be parted
    best = int(scores.argmax())
    return float((values[best] + lower[best]) / 2), float(scores[best])
