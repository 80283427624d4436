"""How often each class comes and is recognised; sums of batches are counts of whole sets.

V classes, any shape of examples.
"""

from __future__ import annotations

import torch
from torch import Tensor


def class_counts(predicted: Tensor, labels: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """Examples of each class that were recognised, and all: [V] and [V]."""
    right = labels[predicted == labels]
    return torch.bincount(right, minlength=num_classes), torch.bincount(labels, minlength=num_classes)


def macro_accuracy(recognised: Tensor, total: Tensor) -> Tensor:
    """Mean of the classes' own accuracies, so that rare classes count like frequent ones.

    Args:
        recognised: [V] examples of each class that were recognised.
        total: [V] examples of each class; a class without any is left out.

    Returns:
        A number from 0 to 1; 0 where there is no example.
    """
    present = total > 0
    shares = recognised[present] / total[present]
    return shares.mean() if len(shares) else torch.zeros((), device=total.device)
