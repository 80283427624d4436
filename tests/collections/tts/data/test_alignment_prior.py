"""Alignment priors against exact fractions."""

from fractions import Fraction
from math import comb, factorial

import numpy as np
import pytest

from nemo.collections.tts.data.alignment_prior import BetaBinomialInterpolator, beta_binomial_prior_distribution
from nemo.utils.exceptions import ConfigError


def beta(first, second):
    """The beta function of whole numbers."""
    return Fraction(factorial(first - 1) * factorial(second - 1), factorial(first + second - 1))


@pytest.mark.parametrize(("tokens", "frames"), [(1, 1), (1, 5), (4, 4), (7, 30)])
@pytest.mark.parametrize("factor", [1, 2])
def test_it_is_the_beta_binomial_distribution(tokens, frames, factor):
    last = tokens - 1
    exact = [
        [
            comb(last, k)
            * beta(k + factor * f, last - k + factor * (frames + 1 - f))
            / beta(factor * f, factor * (frames + 1 - f))
            for k in range(tokens)
        ]
        for f in range(1, frames + 1)
    ]
    assert all(sum(row) == 1 for row in exact)
    found = beta_binomial_prior_distribution(tokens, frames, factor)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.array(exact, dtype=float), rtol=1e-5)


def test_long_ones_are_finite_and_diagonal():
    found = beta_binomial_prior_distribution(300, 2000)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-4)
    assert abs(int(found[1000].argmax()) - 150) <= 1


def test_interpolated_ones_are_near_and_of_the_size_asked_for():
    near = BetaBinomialInterpolator()(163, 37)
    assert near.shape == (163, 37)
    exact = beta_binomial_prior_distribution(37, 163)
    assert np.abs(near / near.sum(1, keepdims=True) - exact).max() < 0.08
    exactly = BetaBinomialInterpolator(round_mel_len_to=1, round_text_len_to=1)
    assert exactly.round(7, 10) == 10
    assert exactly.round(1, 10) == 10


def test_no_tokens_are_refused():
    with pytest.raises(ConfigError, match="0 tokens and 5 frames"):
        beta_binomial_prior_distribution(0, 5)
