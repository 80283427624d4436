"""Average losses, against sums by hand."""

import pytest
import torch

from nemo.collections.common.metrics import GlobalAverageLossMetric


def test_averages_are_weighted_by_what_they_are_over():
    metric = GlobalAverageLossMetric()
    metric.update(torch.tensor(2.0, requires_grad=True), 3)
    metric.update(torch.tensor(5.0), torch.tensor(1))
    assert metric.compute() == (2 * 3 + 5) / 4
    assert not metric.compute().requires_grad


def test_sums_are_added():
    metric = GlobalAverageLossMetric(take_avg_loss=False)
    metric.update(torch.tensor(6.0), 3)
    metric.update(torch.tensor(5.0), 1)
    assert metric.compute() == (6 + 5) / 4


def test_nothing_is_not_a_number_and_reset_forgets():
    metric = GlobalAverageLossMetric()
    assert metric(torch.tensor(1.0), 2) == 1.0
    metric.reset()
    with pytest.warns(UserWarning, match="before the ``update``"):
        assert metric.compute().isnan()


def test_a_million_small_batches_do_not_round_off():
    metric = GlobalAverageLossMetric(take_avg_loss=False)
    metric.update(torch.tensor(1e8), 0)
    for _ in range(100):
        metric.update(torch.tensor(1.0), 1)
    assert metric.loss_sum == 1e8 + 100
