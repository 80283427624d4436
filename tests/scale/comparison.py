"""Two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TOLERANCE = 1e-6
"""Sums of float32 over parts of a batch, taken in another order, differ by a few times 6e-8 in each step."""


def mean_losses(results: Sequence[dict[str, Any]]) -> list[float]:
    """Losses of the steps, averaged over processes."""
    return [sum(losses) / len(losses) for losses in zip(*(result["losses"] for result in results), strict=True)]


def largest_difference(ours: Any, reference: Any) -> float:
    """The largest relative difference of two equally nested groups of numbers."""
    if isinstance(reference, dict):
        assert ours.keys() == reference.keys()
        return max(largest_difference(ours[key], reference[key]) for key in reference)
    if isinstance(reference, (list, tuple)):
        assert len(ours) == len(reference)
        return max((largest_difference(*pair) for pair in zip(ours, reference, strict=True)), default=0.0)
    return abs(ours - reference) / max(abs(reference), 1e-12) if ours != reference else 0.0


def distance(ours: dict[str, list[float]], reference: dict[str, list[float]]) -> float:
    """The largest difference of weights, relative to the largest of their tensor."""
    assert ours.keys() == reference.keys()
    return max(
        max(abs(a - b) for a, b in zip(ours[name], reference[name], strict=True))
        / (max(map(abs, reference[name])) or 1.0)
        for name in reference
    )


def samples_of_steps(results: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Numbers of the samples of each step in all processes together, sorted."""
    return [sorted(sum(parts, [])) for parts in zip(*(result["samples"] for result in results), strict=True)]
