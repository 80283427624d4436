"""Tokens by chance."""

import pytest
import torch

from nemo.collections.common.transformer.generation.token_choice import drawing, nucleus
from nemo.utils.exceptions import ConfigError

PROBABILITIES = torch.tensor([[0.1, 0.4, 0.05, 0.25, 0.2], [0.6, 0.1, 0.1, 0.1, 0.1]])


@pytest.mark.parametrize(
    ("top_k", "top_p", "kept"),
    [
        (0, 1.0, [{0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}]),
        (2, 1.0, [{1, 3}, None]),
        (0, 0.5, [{1, 3}, {0}]),
        (0, 0.65, [{1, 3}, None]),
        (0, 0.01, [{1}, {0}]),
        (3, 0.5, [{1, 3}, {0}]),
    ],
)
def test_the_fewest_tokens_with_so_much_probability_are_kept(top_k, top_p, kept):
    found = nucleus(PROBABILITIES.log(), top_k, top_p).isfinite()
    for row, wanted in zip(found, kept, strict=True):
        if wanted is not None:
            assert set(row.nonzero()[:, 0].tolist()) == wanted


def test_tokens_are_drawn_as_often_as_they_are_probable():
    draw = drawing(temperature=0.5, generator=torch.Generator().manual_seed(0))
    drawn = draw(PROBABILITIES[:1].log().expand(20_000, -1))
    wanted = PROBABILITIES[0] ** 2 / (PROBABILITIES[0] ** 2).sum()
    assert torch.allclose(drawn.bincount(minlength=5) / 20_000, wanted, atol=0.02)


@pytest.mark.parametrize("options", [{"temperature": 0}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}])
def test_numbers_that_mean_nothing_are_refused(options):
    with pytest.raises(ConfigError, match="Expected a temperature above 0"):
        drawing(**options)
