"""Factors of classes in a loss, so that rare ones count for as much as frequent ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def balanced_weights(labels: Iterable[int], num_classes: int) -> list[float]:
    """For each class, samples / (classes that occur * samples of the class); 1 for a class without samples."""
    counts = Counter(labels)
    total = sum(counts.values())
    return [total / (len(counts) * counts[index]) if counts[index] else 1.0 for index in range(num_classes)]
