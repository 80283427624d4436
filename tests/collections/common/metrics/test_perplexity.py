"""Perplexity of distributions, against its formula."""

import math

import pytest
import torch

from nemo.collections.common.metrics import Perplexity
from nemo.utils.exceptions import ConfigError


def test_uniform_and_certain():
    metric = Perplexity()
    assert metric(probs=torch.full((2, 3, 8), 1 / 8)).item() == pytest.approx(8)
    assert metric(probs=torch.eye(8)).item() == pytest.approx(1)
    assert metric.compute().item() == pytest.approx((6 * 8 + 8 * 1) / 14)


def test_two_outcomes_by_hand():
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert Perplexity()(probs=torch.tensor([[0.25, 0.75]])).item() == pytest.approx(math.exp(entropy))


def test_logits_are_log_probabilities_up_to_a_constant():
    logits = torch.randn(5, 7)
    probs = logits.softmax(-1)
    by_hand = (-(probs * probs.log()).sum(-1)).exp().mean()
    assert Perplexity()(logits=logits + 3).item() == pytest.approx(by_hand.item(), rel=1e-5)


@pytest.mark.parametrize("arguments", [{}, {"probs": torch.ones(1, 2), "logits": torch.ones(1, 2)}])
def test_one_of_both_is_needed(arguments):
    with pytest.raises(ConfigError, match="either probs or logits"):
        Perplexity().update(**arguments)


def test_what_is_no_probability_is_refused_when_asked():
    wrong = torch.tensor([[-1.0, 2.0]])
    with pytest.raises(ValueError, match="probs"):
        Perplexity().update(probs=wrong)
    Perplexity(validate_args=False).update(probs=wrong)
