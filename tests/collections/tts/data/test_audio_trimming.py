"""Where speech begins and ends."""

import numpy as np
import pytest
import torch

from nemo.collections.tts.data.audio_trimming import (
    EnergyAudioTrimmer,
    VadAudioTrimmer,
    get_start_and_end_of_speech_frames,
    pad_sample_indices,
)

RATE = 8000
AUDIO = np.concatenate([np.zeros(4000), np.sin(np.arange(8000)), np.zeros(4000)]).astype(np.float32)


class _Loudness(torch.nn.Module):
    """A model of voice activity: each frame of 100 samples is speech if it is loud; it listens at half the rate."""

    def forward(self, input_signal, input_signal_length):
        loud = (input_signal.unfold(1, 100, 100).abs().mean(2) > 0.1).float()
        return torch.stack([-9 * loud, 9 * loud - 4], dim=-1)


@pytest.mark.parametrize(
    "trimmer",
    [
        EnergyAudioTrimmer(trim_win_length=256, trim_hop_length=64, pad_seconds=0.1),
        VadAudioTrimmer(_Loudness(), vad_sample_rate=4000, pad_seconds=0.1),
    ],
    ids=["energy", "vad"],
)
def test_speech_is_found_and_padded(trimmer):
    speech, start, end = trimmer.trim_audio(AUDIO, RATE, "a.wav")
    assert abs(start - 3200) <= 256
    assert abs(end - 12800) <= 256
    assert len(speech) == end - start
    silence = np.zeros(4000, np.float32)
    assert trimmer.trim_audio(silence, RATE, "b.wav")[1:] == (0, 4000)


def test_runs_of_speech_must_be_long_enough():
    frames = np.array([0, 1, 0, 1, 1, 1, 0, 1, 1, 0], dtype=bool)
    assert get_start_and_end_of_speech_frames(frames, 1) == (1, 9)
    assert get_start_and_end_of_speech_frames(frames, 2) == (3, 9)
    assert get_start_and_end_of_speech_frames(frames, 3) == (3, 6)
    assert get_start_and_end_of_speech_frames(frames, 4) == (0, 0)


def test_padding_stays_within_the_audio():
    assert pad_sample_indices(50, 900, 1000, 1000, 0.1) == (0, 1000)
    assert pad_sample_indices(300, 600, 1000, 1000, 0.1) == (200, 700)
