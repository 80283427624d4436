import math

import numpy as np
import pytest

from nemo.collections.asr.metrics.confidence import auc_nt, auc_pr, auc_roc, auc_yc, ece, nce, precision_recall, roc
from nemo.collections.asr.metrics.confidence_plots import (
    save_confidence_hist,
    save_custom_confidence_curve,
    save_nt_curve,
    save_pr_curve,
    save_roc_curve,
)
from nemo.utils.exceptions import ConfigError, ShapeError


def items(count=60, seed=0):
    """Marks and scores with ties."""
    numbers = np.random.default_rng(seed)
    marks = numbers.integers(0, 2, count)
    return marks, np.round(np.clip(0.3 * marks + numbers.random(count) * 0.7, 0, 1), 1)


@pytest.mark.parametrize("seed", range(4))
def test_area_under_roc_counts_pairs(seed):
    marks, scores = items(seed=seed)
    pairs = [(a > b) + (a == b) / 2 for a in scores[marks == 1] for b in scores[marks == 0]]
    assert auc_roc(marks, scores) == pytest.approx(np.mean(pairs), abs=1e-12)
    false_rates, true_rates = roc(marks, scores)
    trapezes = np.diff(false_rates) * (true_rates[1:] + true_rates[:-1]) / 2
    assert trapezes.sum() == pytest.approx(np.mean(pairs), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_is_its_sum(seed):
    marks, scores = items(seed=seed)

    def by_hand(marks, scores):
        total, before = 0.0, 0.0
        for threshold in sorted(set(scores), reverse=True):
            taken = [mark for mark, score in zip(marks, scores, strict=True) if score >= threshold]
            recall = sum(taken) / sum(marks)
            total += (recall - before) * sum(taken) / len(taken)
            before = recall
        return total

    assert auc_pr(marks, scores) == pytest.approx(by_hand(marks, scores), abs=1e-12)
    assert auc_nt(marks, scores) == pytest.approx(by_hand(1 - marks, 1 - scores), abs=1e-12)


def test_perfect_and_reversed_confidences():
    marks, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    assert [metric(marks, scores) for metric in (auc_roc, auc_pr, auc_nt)] == [1.0, 1.0, 1.0]
    assert auc_roc(1 - marks, scores) == 0.0
    assert precision_recall(marks, scores)[1].tolist() == [0.5, 1.0, 1.0, 1.0]


def test_one_kind_alone_tells_nothing():
    assert auc_roc([1, 1], [0.1, 0.9]) == 0.5
    assert nce([1, 1], [0.1, 0.9]) == -math.inf
    assert auc_pr([0, 0], [0.1, 0.9]) == 0.0


def test_normalised_cross_entropy_is_its_formula():
    marks, scores = [1, 1, 0, 1], [0.9, 0.6, 0.3, 0.8]
    of_share = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    given = -(math.log(0.9) + math.log(0.6) + math.log(0.7) + math.log(0.8)) / 4
    assert nce(marks, scores) == pytest.approx((of_share - given) / of_share, abs=1e-12)
    assert nce(marks, [0.75] * 4) == pytest.approx(0.0, abs=1e-12)  # the share itself tells nothing new
    assert nce(marks, [1, 1, 0, 1]) == pytest.approx(1.0, abs=1e-9)
    assert np.isfinite(nce(marks, [0, 1, 0, 1]))


def test_calibration_error_is_the_mean_distance_of_bins():
    marks, scores = items(200)
    error, (middles, gaps) = ece(marks, scores, n_bins=10, return_curve=True)
    expected = 0.0
    for place in range(10):
        chosen = np.minimum((scores * 10).astype(int), 9) == place
        if chosen.any():
            gap = abs(marks[chosen].mean() - scores[chosen].mean())
            assert gaps[place] == pytest.approx(gap, abs=1e-12)
            expected += chosen.mean() * gap
    assert error == pytest.approx(expected, abs=1e-12)
    assert middles[0] == pytest.approx(0.05)
    assert ece([1, 0, 1, 0], [0.5] * 4) == pytest.approx(0.0)


def test_area_under_youdens_curve_is_the_mean_over_thresholds():
    marks, scores = items()
    area, deviation, highest, (thresholds, values) = auc_yc(marks, scores, True, True, n_bins=21)
    for threshold, value in zip(thresholds, values, strict=True):
        rates = [(scores[marks == kind] >= threshold).mean() for kind in (1, 0)]
        assert value == pytest.approx(rates[0] - rates[1], abs=1e-12)
    assert (area, deviation, highest) == pytest.approx((values.mean(), values.std(), values.max()))
    assert auc_yc(marks, scores, n_bins=21) == area


def test_items_without_confidence_are_refused():
    with pytest.raises(ShapeError, match=r"\[2\] and y_score \[3\]"):
        auc_roc([0, 1], [0.1, 0.2, 0.3])
    with pytest.raises(ConfigError, match="holds 2"):
        ece([0, 2], [0.1, 0.2])


def test_curves_are_drawn(tmp_path):
    marks, scores = items()
    save_confidence_hist(scores, tmp_path)
    save_roc_curve(marks, scores, tmp_path / "deep" / "er")
    save_pr_curve(marks, scores, tmp_path)
    save_nt_curve(marks, scores, tmp_path)
    save_custom_confidence_curve(scores, marks, tmp_path, "own", "x", "y")
    files = sorted(path.name for path in tmp_path.rglob("*.png"))
    assert files == ["hist.png", "nt.png", "own.png", "pr.png", "roc.png"]
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in tmp_path.rglob("*.png"))
