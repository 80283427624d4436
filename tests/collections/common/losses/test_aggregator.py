"""Weighted sums of losses."""

import pytest
import torch

from nemo.collections.common.losses import AggregatorLoss
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize(("weights", "expected"), [(None, 6.0), ([1.0, 0.5, 2.0], 8.0)])
def test_by_hand(weights, expected):
    losses = {f"loss_{index}": torch.tensor(float(index), requires_grad=True) for index in (3, 1, 2)}
    total = AggregatorLoss(num_inputs=3, weights=weights)(**losses)
    assert total == expected
    total.backward()
    assert [losses[f"loss_{index + 1}"].grad.item() for index in range(3)] == (weights or [1.0] * 3)


def test_another_number_of_weights():
    with pytest.raises(ConfigError, match="weights has 1 numbers; expected one for each of the 2 losses"):
        AggregatorLoss(weights=[1.0])


def test_another_number_of_losses():
    with pytest.raises(TypeError):
        AggregatorLoss()(loss_1=torch.tensor(1.0))
