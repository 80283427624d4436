"""Spectrograms of one length."""

import torch

from nemo.collections.asr.modules import CropOrPadSpectrogramAugmentation


def test_long_ones_are_cut_somewhere():
    x = torch.arange(20.0).expand(50, 3, 20)
    cut, lengths = CropOrPadSpectrogramAugmentation(8)(input_signal=x, length=torch.full((50,), 20))
    assert (cut.diff(dim=2) == 1).all()
    assert set(cut[:, 0, 0].tolist()) <= set(range(13))
    assert len(set(cut[:, 0, 0].tolist())) > 5
    assert lengths.tolist() == [8] * 50


def test_short_ones_get_zeros_on_both_sides():
    padded, lengths = CropOrPadSpectrogramAugmentation(7)(input_signal=torch.ones(1, 1, 4), length=torch.tensor([3]))
    assert padded.flatten().tolist() == [0, 1, 1, 1, 1, 0, 0]
    assert lengths.tolist() == [7]


def test_fitting_ones_stay():
    x = torch.randn(2, 3, 5)
    assert torch.equal(CropOrPadSpectrogramAugmentation(5)(input_signal=x, length=torch.tensor([5, 4]))[0], x)
