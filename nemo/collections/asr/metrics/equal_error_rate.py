"""The equal error rate of scores that should tell two kinds of pairs apart, such as those of speaker verification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nemo.utils.exceptions import ConfigError


def equal_error_rate(
    scores: Sequence[float] | NDArray[Any], is_same: Sequence[Any] | NDArray[Any]
) -> tuple[float, float]:
    """Where as large a share of the pairs of one kind is refused as of the other is accepted.

    Args:
        scores: of each pair, higher where it rather is of the same kind.
        is_same: whether it is.

    Returns:
        The mean of both error rates where they are nearest to each other, and the threshold: scores at or above it are
        accepted.

    Raises:
        ConfigError: not as many labels as scores, or only one kind of pairs.
    """
    values, same = np.asarray(scores, dtype=np.float64), np.asarray(is_same, dtype=bool)
    if values.shape != same.shape or values.ndim != 1:
        raise ConfigError(f"scores and is_same have the shapes {values.shape} and {same.shape}. Expected [N] of both.")
    if same.all() or not same.any():
        raise ConfigError(f"all {len(same)} pairs are of one kind. Expected pairs that are the same, and others.")
    thresholds = np.unique(values)
    refused = np.searchsorted(np.sort(values[same]), thresholds, side="left") / same.sum()
    accepted = 1 - np.searchsorted(np.sort(values[~same]), thresholds, side="left") / (~same).sum()
    nearest = int(np.abs(refused - accepted).argmin())
    return float(refused[nearest] + accepted[nearest]) / 2, float(thresholds[nearest])
