"""Patches of time set to zero."""

import pytest
import torch

from nemo.collections.asr.modules import MaskedPatchAugmentation
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize(("wanted", "counts"), [(2, [2, 2, 1]), (0.5, [2, 1, 0]), (10.0, [5, 3, 1]), (0, [0, 0, 0])])
def test_whole_patches_within_the_utterance_are_zero(wanted, counts):
    module = MaskedPatchAugmentation(patch_size=4, mask_patches=wanted)
    masked = module(input_spec=torch.ones(3, 6, 22), length=torch.tensor([22, 13, 7])) == 0
    for row, count in zip(masked, counts, strict=True):
        assert (row == row[:1]).all()
        patches = row[0, :20].view(5, 4)
        assert (patches == patches[:, :1]).all()
        assert patches[:, 0].sum() == count
        assert not row[0, 20:].any()


def test_bands_of_frequency_are_masked_too():
    module = MaskedPatchAugmentation(patch_size=4, mask_patches=0, freq_masks=3, freq_width=6)
    assert (module(input_spec=torch.ones(9, 6, 8), length=torch.full((9,), 8)) == 0).all(dim=2).any()


def test_negative_numbers_are_refused():
    with pytest.raises(ConfigError, match="mask_patches=-1"):
        MaskedPatchAugmentation(mask_patches=-1)
