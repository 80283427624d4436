"""How well confidences tell what was recognised from what was not.

Each function takes, for the same tokens or words, whether each is right and how sure the model was of it.
Laptev and Ginsburg, 2022 (https://arxiv.org/abs/2212.08703) compare confidence measures by these. N items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nemo.utils.exceptions import ConfigError, ShapeError

Marks = Sequence[int] | Sequence[bool] | np.ndarray
Scores = Sequence[float] | np.ndarray
Curve = tuple[np.ndarray, np.ndarray]
"""Thresholds, and the values at them."""

SMALLEST_PROBABILITY = 1e-15
"""Confidences are kept this far from 0 and 1 where their logarithm is taken."""


def auc_roc(y_true: Marks, y_score: Scores) -> float:
    """Area under the ROC curve: how often a right item is surer than a wrong one; ties count one half.

    Args:
        y_true: [N] 1 for right items, 0 for others.
        y_score: [N] confidences.

    Returns:
        From 0 to 1; 0.5 where all items are right or all are wrong.
    """
    is_right, scores = _checked(y_true, y_score)
    right, wrong = np.sort(scores[is_right]), scores[~is_right]
    if not len(right) or not len(wrong):
        return 0.5
    above = len(right) - np.searchsorted(right, wrong, side="right")
    not_below = len(right) - np.searchsorted(right, wrong, side="left")
    return float((above + not_below).sum() / (2 * len(right) * len(wrong)))


def auc_pr(y_true: Marks, y_score: Scores) -> float:
    """Average precision of finding right items: the sum of precision times the gain in recall at each threshold.

    Returns:
        From 0 to 1; 0 without right items.
    """
    precision, recall = precision_recall(y_true, y_score)
    return float(np.sum(precision * np.diff(recall, prepend=0.0)))


def auc_nt(y_true: Marks, y_score: Scores) -> float:
    """Average precision of finding wrong items by low confidence; see :func:`auc_pr`."""
    is_right, scores = _checked(y_true, y_score)
    return auc_pr(~is_right, 1.0 - scores)


def auc_yc(
    y_true: Marks,
    y_score: Scores,
    return_std_maximum: bool = False,
    return_curve: bool = False,
    n_bins: int = 100,
) -> float | tuple[float | Curve, ...]:
    """Area under Youden's curve: the mean over thresholds of (true positive rate - false positive rate).

    High where many thresholds part right from wrong items, not only one that has to be found.

    Args:
        y_true: [N] 1 for right items, 0 for others.
        y_score: [N] confidences in [0, 1].
        return_std_maximum: also give the standard deviation over the thresholds and the highest value.
        return_curve: also give thresholds and values.
        n_bins: number of thresholds, from 0 to 1.

    Returns:
        The area; or a tuple (area[, standard deviation, maximum][, (thresholds, values)]).
    """
    is_right, scores = _checked(y_true, y_score)
    thresholds = np.linspace(0.0, 1.0, n_bins)
    values = _shares_accepted(scores[is_right], thresholds) - _shares_accepted(scores[~is_right], thresholds)
    result: list[float | Curve] = [float(values.mean())]
    if return_std_maximum:
        result += [float(values.std()), float(values.max())]
    if return_curve:
        result.append((thresholds, values))
    return result[0] if len(result) == 1 else tuple(result)  # type: ignore[return-value]


def nce(y_true: Marks, y_score: Scores) -> float:
    """Normalised cross entropy (Siu, Gish and Richardson, 1997): what confidences tell beyond the share of right items.

    Returns:
        1 for certainty that is always right, 0 for what the share alone tells, below 0 for worse; minus infinity where
        all items are right or all are wrong, because nothing is left to tell.
    """
    is_right, scores = _checked(y_true, y_score)
    share = float(is_right.mean()) if len(is_right) else 0.0
    if share in (0.0, 1.0):
        return -math.inf
    given = np.clip(np.where(is_right, scores, 1.0 - scores), SMALLEST_PROBABILITY, 1.0)
    of_share = -(share * math.log(share) + (1.0 - share) * math.log1p(-share))
    return float((of_share + np.log(given).mean()) / of_share)


def ece(y_true: Marks, y_score: Scores, n_bins: int = 100, return_curve: bool = False) -> float | tuple[float, Curve]:
    """Expected calibration error (Naeini, Cooper and Hauskrecht, 2015): how far confidences are from shares of right.

    Args:
        y_true: [N] 1 for right items, 0 for others.
        y_score: [N] confidences in [0, 1].
        n_bins: bins of equal width.
        return_curve: also give the middles of the bins, and how far each is off (0 for empty ones).

    Returns:
        The mean distance, each bin counting as its items do; from 0, which is best, to 1.
    """
    is_right, scores = _checked(y_true, y_score)
    bins = np.clip((scores * n_bins).astype(int), 0, n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    gaps = np.bincount(bins, weights=is_right - scores, minlength=n_bins)
    error = float(np.abs(gaps).sum() / max(len(scores), 1))
    if not return_curve:
        return error
    return error, ((np.arange(n_bins) + 0.5) / n_bins, np.abs(gaps) / np.maximum(counts, 1))


def precision_recall(y_true: Marks, y_score: Scores) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall of right items at each confidence that occurs, from the highest on; recall rises."""
    is_right, scores = _checked(y_true, y_score)
    if not len(scores):
        return np.zeros(0), np.zeros(0)
    order = np.argsort(-scores, kind="stable")
    last_of_value = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(is_right[order])[last_of_value]
    taken = np.arange(1, len(scores) + 1)[last_of_value]
    return found / taken, found / max(int(is_right.sum()), 1)


def roc(y_true: Marks, y_score: Scores) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates at each confidence that occurs, from (0, 0) to (1, 1)."""
    is_right, scores = _checked(y_true, y_score)
    thresholds = np.unique(scores)[::-1]
    rates = [
        np.concatenate([[0.0], _shares_accepted(part, thresholds)]) for part in (scores[~is_right], scores[is_right])
    ]
    return rates[0], rates[1]


def _shares_accepted(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Share of `scores` at or above each threshold; 0 without any."""
    below = np.searchsorted(np.sort(scores), thresholds, side="left")
    shares: np.ndarray = (len(scores) - below) / max(len(scores), 1)
    return shares


def _checked(y_true: Marks, y_score: Scores) -> tuple[np.ndarray, np.ndarray]:
    """Marks [N] as booleans, and scores [N] in double."""
    marks, scores = np.asarray(y_true), np.asarray(y_score, dtype=np.float64)
    if marks.shape != scores.shape or marks.ndim != 1:
        raise ShapeError(
            f"y_true has the shape {list(marks.shape)} and y_score {list(scores.shape)}. Expected two of the same "
            "length and one dim: a mark and a confidence for each item."
        )
    if not np.isin(marks, (0, 1)).all():
        raise ConfigError(f"y_true holds {np.setdiff1d(marks, (0, 1))[0]}. Expected 1 for right items, 0 for others.")
    return marks.astype(bool), scores
