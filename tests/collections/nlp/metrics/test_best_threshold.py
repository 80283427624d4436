"""The best threshold against a search through all of them."""

import pytest
import torch

from nemo.collections.nlp.metrics.best_threshold import best_threshold


def f1_at(probabilities, labels, threshold):
    given = probabilities >= threshold
    hits = (given & (labels > 0)).sum()
    return float(2 * hits / (given.sum() + labels.sum()))


@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_has_a_higher_f1(seed):
    torch.manual_seed(seed)
    probabilities = torch.rand(20, 3).mul(10).round() / 10  # with equal ones
    labels = (torch.rand(20, 3) < probabilities).long()
    threshold, f1 = best_threshold(probabilities, labels)
    assert f1 == pytest.approx(f1_at(probabilities, labels, threshold))
    assert f1 == pytest.approx(max(f1_at(probabilities, labels, float(each)) for each in torch.arange(0, 1.05, 0.05)))


def test_threshold_lies_between_what_it_parts():
    threshold, f1 = best_threshold(torch.tensor([[0.9, 0.2], [0.6, 0.3]]), torch.tensor([[1, 0], [1, 0]]))
    assert threshold == pytest.approx(0.45)
    assert f1 == 1.0


def test_without_a_right_label_it_stays_in_the_middle():
    assert best_threshold(torch.rand(4), torch.zeros(4)) == (0.5, 0.0)
