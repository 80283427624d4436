import numpy as np
import pytest

from nemo.collections.asr.metrics.equal_error_rate import equal_error_rate
from nemo.utils.exceptions import ConfigError


def test_scores_that_separate_the_kinds_have_no_error():
    rate, threshold = equal_error_rate([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])
    assert (rate, threshold) == (0.0, 0.8)


def test_one_of_four_is_wrong_in_each_kind():
    rate, threshold = equal_error_rate([0.9, 0.8, 0.7, 0.2, 0.6, 0.3, 0.1, 0.0], [1, 1, 1, 1, 0, 0, 0, 0])
    assert rate == 0.25 and 0.3 < threshold <= 0.6


def test_two_gaussians_have_the_error_of_their_distance():
    generator = np.random.default_rng(0)
    scores = np.concatenate([generator.normal(2.0, 1.0, 20000), generator.normal(0.0, 1.0, 20000)])
    rate, threshold = equal_error_rate(scores, np.arange(40000) < 20000)
    assert rate == pytest.approx(0.1587, abs=0.005)  # share of a normal distribution beyond one deviation
    assert threshold == pytest.approx(1.0, abs=0.05)


def test_what_cannot_be_compared_is_named():
    with pytest.raises(ConfigError, match="shapes"):
        equal_error_rate([0.1], [1, 0])
    with pytest.raises(ConfigError, match="of one kind"):
        equal_error_rate([0.1, 0.2], [1, 1])
