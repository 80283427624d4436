"""The module that configs name: both kinds of masks, and the keys it accepts."""

import random

import torch

from nemo.collections.asr.modules import SpectrogramAugmentation


def test_nothing_happens_at_the_defaults():
    x = torch.randn(2, 20, 30)
    assert torch.equal(SpectrogramAugmentation()(input_spec=x, length=torch.tensor([30, 20])), x)


def test_rectangles_bands_and_spans_are_all_applied():
    module = SpectrogramAugmentation(1, 1, 4, 6, 1, 6, 4, rng=random.Random(1), mask_value=-1.0)
    masked = module(input_spec=torch.ones(20, 20, 30), length=torch.full((20,), 30))
    assert (masked == 0).any()
    assert (masked == -1).all(dim=1).any()
    assert (masked == -1).all(dim=2).any()


def test_keys_of_both_releases_are_accepted():
    SpectrogramAugmentation(freq_masks=2, use_numba_spec_augment=True, use_vectorized_spec_augment=False)
