"""Shares of several datasets in an epoch."""

from itertools import product

import pytest
import torch

from nemo.collections.common.data.mixture import apportioned, shares, turns
from nemo.utils.exceptions import ConfigError


def test_temperature_is_the_root_of_the_lengths():
    assert shares([16, 4], temperature=2) == pytest.approx([2 / 3, 1 / 3])  # 4 : 2
    assert shares([300, 100], temperature=1) == pytest.approx([0.75, 0.25])
    assert shares([10**6, 1], temperature=1e9) == pytest.approx([0.5, 0.5])


def test_round_robin_is_even_and_random_as_given():
    assert shares([9, 1, 5], "round-robin") == pytest.approx([1 / 3] * 3)
    assert shares([9, 1], "random", probabilities=[1, 3]) == [0.25, 0.75]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"technique": "magic"}, "temperature, round-robin, random"),
        ({"temperature": 0}, "sampling_temperature is 0"),
        ({"technique": "random"}, "expected 2 numbers"),
        ({"technique": "random", "probabilities": [1]}, "expected 2 numbers"),
        ({"technique": "random", "probabilities": [-1, 2]}, "expected 2 numbers"),
        ({"technique": "random", "probabilities": [0, 0]}, "expected 2 numbers"),
    ],
)
def test_what_cannot_be_is_named(options, said):
    with pytest.raises(ConfigError, match=said):
        shares([1, 2], **options)


def test_whole_numbers_are_the_nearest_that_add_up():
    """Against all ways to divide 10 among three: none is nearer to the exact parts."""
    parts = [0.53, 0.32, 0.15]
    best = min(
        (counts for counts in product(range(11), repeat=3) if sum(counts) == 10),
        key=lambda counts: max(abs(count - 10 * part) for count, part in zip(counts, parts, strict=True)),
    )
    assert tuple(apportioned(10, parts)) == best
    assert apportioned(3, [0.1 + 0.2, 0.7]) == [1, 2]
    assert apportioned(45, shares([30, 10, 5], temperature=1)) == [30, 10, 5]


def test_turns_are_as_many_as_the_counts():
    generator = torch.Generator().manual_seed(0)
    mixed = turns([3, 5], generator)
    assert torch.bincount(mixed).tolist() == [3, 5]
    assert mixed.tolist() != sorted(mixed.tolist())
    assert turns([3, 1, 2], generator, in_turn=True).tolist() == [0, 1, 2, 0, 2, 0]
