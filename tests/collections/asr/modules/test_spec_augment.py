"""Masks: where they may lie, how wide they may be, and that seeds repeat them."""

import random

import pytest
import torch

from nemo.collections.asr.modules.spec_augment import SpecAugment, SpecCutout
from nemo.utils.exceptions import ConfigError

LENGTHS = torch.tensor([50, 30, 12])


def runs(flags):
    """Lengths of the runs of True."""
    widths, width = [], 0
    for flag in [*flags, False]:
        if flag:
            width += 1
        elif width:
            widths.append(width)
            width = 0
    return widths


@pytest.mark.parametrize("seed", range(5))
def test_frequency_bands_are_at_most_as_wide_as_allowed(seed):
    torch.manual_seed(seed)
    masked = SpecAugment(freq_masks=1, freq_width=4)(torch.ones(3, 20, 50), LENGTHS) == 0
    for row in masked:
        assert (row == row[:, :1]).all()
        assert sum(runs(row[:, 0].tolist())) <= 4


@pytest.mark.parametrize(
    ("width", "limits"), [(6, [6, 6, 6]), (0.1, [5, 3, 1]), (1.0, [50, 30, 12]), (100, [50, 30, 12])]
)
def test_spans_of_time_lie_within_the_utterance(width, limits):
    for seed in range(10):
        torch.manual_seed(seed)
        masked = SpecAugment(time_masks=1, time_width=width)(torch.ones(3, 20, 50), LENGTHS) == 0
        for row, length, limit in zip(masked, LENGTHS.tolist(), limits, strict=True):
            assert (row == row[:1]).all()
            assert not row[:, length:].any()
            assert sum(runs(row[0].tolist())) <= limit


def test_widths_and_starts_are_uniform():
    module = SpecAugment(freq_masks=1, freq_width=3)
    masked = module(torch.ones(4000, 8, 1), torch.ones(4000)) == 0
    widths = torch.bincount(masked.sum(dim=(1, 2)), minlength=4) / 4000
    torch.testing.assert_close(widths, torch.full((4,), 0.25), atol=0.04, rtol=0)
    starts = masked[:, :, 0].int().argmax(dim=1)[masked.any(dim=(1, 2))]
    shares = torch.bincount(starts, minlength=6) / len(starts)
    torch.testing.assert_close(shares, torch.full((6,), 1 / 6), atol=0.04, rtol=0)


def test_a_seed_repeats_the_masks():
    x = torch.randn(3, 20, 50)
    first, second = (SpecAugment(2, 2, 5, 10, rng=random.Random(7), mask_value=-1.0)(x, LENGTHS) for _ in range(2))
    assert torch.equal(first, second)
    assert (first == -1).any()


def test_input_stays_as_it_was():
    x = torch.ones(3, 20, 50)
    SpecAugment(freq_masks=2, time_masks=2)(x, LENGTHS)
    SpecCutout(rect_masks=5)(x)
    assert (x == 1).all()


def test_rectangles_are_at_most_as_large_as_allowed():
    masked = SpecCutout(rect_masks=1, rect_time=6, rect_freq=3)(torch.ones(200, 20, 50)) == 0
    assert masked.any(dim=2).sum(1).max() == 3
    assert masked.any(dim=1).sum(1).max() == 6
    for row in masked:
        assert row.sum() == row.any(dim=1).sum() * row.any(dim=0).sum()


def test_fractions_above_one_are_refused():
    with pytest.raises(ConfigError, match=r"time_width is 5\.0.*integer"):
        SpecAugment(time_masks=1, time_width=5.0)
