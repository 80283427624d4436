"""Distances of spectrograms, against loops over the frames that count."""

import numpy as np
import pytest
import torch

from nemo.collections.tts.losses.fastpitch import MelLoss, mel_distance


@pytest.mark.parametrize("frames", [5, 7, 9])
def test_frames_count_where_there_is_a_recording_whatever_the_length_of_the_prediction(frames):
    torch.manual_seed(0)
    wanted, found = torch.randn(2, 3, 7), torch.randn(2, 3, frames)
    wanted[1, :, 4:] = 0.0
    differences = [
        (float(found[row, band, frame]) if frame < frames else 0.0) - float(wanted[row, band, frame])
        for row, length in enumerate((7, 4))
        for frame in range(length)
        for band in range(3)
    ]
    assert mel_distance(found, wanted).item() == pytest.approx(np.abs(differences).mean(), rel=1e-5)
    assert MelLoss()(spect_predicted=found, spect_tgt=wanted).item() == pytest.approx(
        np.square(differences).mean(), rel=1e-5
    )
