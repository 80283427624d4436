"""Pictures of arrays."""

import numpy as np
import torch

from nemo.collections.tts.logging.pictures import ANCHORS, INKS, PAPER, SMALLEST, colours, curves, heat_map, stacked
from nemo.collections.tts.logging.validation import alignments, lines, spectrograms


def test_colours_go_from_dark_to_bright():
    brightness = colours(np.linspace(0, 1, 50)).astype(int) @ [299, 587, 114]
    assert (np.diff(brightness) >= 0).all()
    assert colours(np.array([-1.0, 0.0, 1.0, 2.0, np.nan])).tolist() == [
        ANCHORS[place].tolist() for place in (0, 0, -1, -1, 0)
    ]


def test_the_lowest_band_is_at_the_bottom_and_time_goes_to_the_right():
    values = np.zeros((4, 300))
    values[0, 290:] = 1.0
    picture = heat_map(values)
    assert picture.dtype == np.uint8
    assert picture.shape == (SMALLEST, 300, 3)
    assert (picture[-1, -1] == ANCHORS[-1]).all()
    assert (picture[0, -1] == ANCHORS[0]).all()
    assert (picture[-1, 0] == ANCHORS[0]).all()


def test_constants_and_what_is_not_finite_are_drawn():
    assert (heat_map(np.full((3, 3), 5.0)) == ANCHORS[0]).all()
    assert heat_map(np.full((3, 3), np.nan)).shape[2] == 3
    assert curves([np.array([np.nan])]).shape[2] == 3


def test_pictures_are_stacked_with_a_gap():
    first, second = np.zeros((2, 3, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)
    picture = stacked([first, second])
    assert picture.shape == (10, 5, 3)
    assert (picture[:2, 3:] == PAPER).all()
    assert (picture[2:6] == PAPER).all()


def test_curves_rise_and_break_where_there_is_no_value():
    rising = np.arange(200.0)
    picture = curves([rising, np.where(rising < 100, np.nan, 0.0)])
    is_first = (picture == INKS[0]).all(2)
    is_second = (picture == INKS[1]).all(2)
    assert is_first[-1, 0]
    assert is_first[0, -1]
    assert not is_second[:, :100].any()
    assert is_second[-1, 101:].all()


def test_few_recordings_are_shown_without_their_padding():
    mels = torch.randn(5, 8, 200)
    shown = spectrograms(mels, mels, torch.tensor([200, 180, 170, 20, 20]))
    assert list(shown) == ["val_mel_0", "val_mel_1", "val_mel_2"]
    assert shown["val_mel_1"].shape[1] == 180
    half = len(shown["val_mel_0"]) // 2
    np.testing.assert_array_equal(shown["val_mel_0"][: half - 2], shown["val_mel_0"][half + 2 :])
    soft = torch.rand(2, 200, 170)
    drawn = alignments({"soft": soft, "hard": None}, torch.tensor([170, 165]), torch.tensor([200, 190]))
    assert {name: picture.shape[:2] for name, picture in drawn.items()} == {"soft_0": (170, 200), "soft_1": (165, 190)}
    assert lines("pitch", {"a": soft[:, 0], "b": soft[:, 1]}, torch.tensor([170, 160]))["pitch_1"].shape == (
        160,
        160,
        3,
    )
