"""Lengths and masks shared by layers."""

import torch

from nemo.collections.asr.modules.valid_frames import ValidFrames


def test_padding_becomes_zero():
    masked = ValidFrames(torch.tensor([3, 1]), 4).masked(torch.ones(2, 2, 4))
    assert masked[:, 0].tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]


def test_nothing_is_copied_when_nothing_is_padded():
    x = torch.ones(2, 2, 4)
    assert ValidFrames(torch.tensor([4, 4]), 4).masked(x) is x
    assert ValidFrames(None, 4).masked(x) is x


def test_the_mask_is_made_once():
    frames = ValidFrames(torch.tensor([3, 1]), 4)
    assert frames.is_padding is frames.is_padding
    assert frames.after_convolution(4, kernel=3, stride=1, padding=2, dilation=1) is frames
    halved = frames.after_convolution(2, kernel=3, stride=2, padding=2, dilation=1)
    assert halved.lengths.tolist() == [2, 1]
    assert frames.after_convolution(2, kernel=3, stride=2, padding=2, dilation=1) is halved


def test_an_object_of_the_class_stays_what_it_is():
    frames = ValidFrames(torch.tensor([3]), 4)
    assert ValidFrames.of(frames, 4) is frames
