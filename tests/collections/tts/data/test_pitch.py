"""Pitch of tones whose pitch is known."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nemo.collections.tts.data.pitch import estimate_pitch
from nemo.collections.tts.data.supplements import FeatureSettings
from nemo.utils.exceptions import ConfigError

RATE, HOP = 22050, 256
TIME = torch.arange(RATE) / RATE
INNER = slice(4, -4)  # frames at the edges see silence too


def harmonics(frequency, numbers=range(1, 11)):
    phase = frequency * TIME if isinstance(frequency, float) else frequency
    return sum(torch.sin(2 * math.pi * k * phase + k) / k for k in numbers) * 0.1


def noise_at(tone, decibels):
    return torch.randn(len(tone)) * tone.square().mean().sqrt() * 10 ** (-decibels / 20)


@pytest.mark.parametrize("frequency", [70.0, 110.0, 220.0, 440.0, 1000.0, 2000.0])
def test_sines_have_their_frequency(frequency):
    found = estimate_pitch(0.3 * torch.sin(2 * math.pi * frequency * TIME), RATE, HOP)
    assert len(found.pitch) == RATE // HOP + 1
    assert found.voiced[INNER].all()
    np.testing.assert_allclose(found.pitch[INNER], frequency, rtol=0.005)


@pytest.mark.parametrize("frequency", [80.0, 120.0, 250.0, 400.0])
@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_voices_in_noise_have_their_fundamental(frequency, rate):
    time = torch.arange(rate) / rate
    tone = sum(torch.sin(2 * math.pi * k * frequency * time) / k for k in range(1, 8)) * 0.1
    found = estimate_pitch(tone + noise_at(tone, 20), rate, rate // 86, frame_length=rate // 20, fmax=600.0)
    assert found.voiced[INNER].all()
    np.testing.assert_allclose(found.pitch[INNER], frequency, rtol=0.01)


def test_strong_noise_moves_the_mean_by_less_than_a_percent():
    tone = harmonics(120.0)
    found = estimate_pitch(tone + noise_at(tone, 10), RATE, HOP)
    assert found.voiced[INNER].all()
    assert abs(found.pitch[INNER].mean() / 120 - 1) < 0.01


@pytest.mark.parametrize("numbers", [range(1, 10), range(2, 10)], ids=["full", "no-fundamental"])
def test_vibrato_is_followed(numbers):
    phase = 200 * TIME - 10 / (2 * math.pi * 5) * torch.cos(2 * math.pi * 5 * TIME)
    found = estimate_pitch(harmonics(phase, numbers), RATE, HOP)
    times = np.arange(len(found.pitch)) * HOP / RATE
    np.testing.assert_allclose(found.pitch[INNER], (200 + 10 * np.sin(2 * np.pi * 5 * times))[INNER], rtol=0.01)


@pytest.mark.parametrize(
    "audio", [torch.zeros(RATE), "noise", torch.full((RATE,), 0.3)], ids=["silence", "noise", "dc"]
)
def test_what_is_no_voice_has_no_pitch(audio):
    found = estimate_pitch(0.1 * torch.randn(RATE) if isinstance(audio, str) else audio, RATE, HOP)
    assert not found.voiced[INNER].any()
    assert (found.pitch[INNER] == 0).all()


def test_a_voice_between_silences_begins_and_ends_where_it_does():
    audio = torch.cat([torch.zeros(RATE // 2), harmonics(150.0)[: RATE // 2], torch.zeros(RATE // 2)])
    found = estimate_pitch(audio, RATE, HOP)
    (voiced,) = np.nonzero(found.voiced)
    assert abs(voiced[0] * HOP / RATE - 0.5) < 0.03
    assert abs(voiced[-1] * HOP / RATE - 1.0) < 0.03
    assert found.probability[voiced].mean() > 0.8
    np.testing.assert_allclose(found.pitch[voiced], 150, rtol=0.02)


@pytest.mark.parametrize("samples", [0, 1, 255, 256])
def test_audio_shorter_than_a_frame_has_frames(samples):
    assert len(estimate_pitch(torch.ones(samples), RATE, HOP).pitch) == samples // HOP + 1


def test_frequencies_out_of_order_are_named():
    with pytest.raises(ConfigError, match="pitch_fmin is 300 Hz and pitch_fmax 200 Hz"):
        estimate_pitch(torch.zeros(1000), RATE, HOP, fmin=300, fmax=200)


def test_librosa_may_estimate_it(monkeypatch):
    asked = {}

    def pyin(audio, **settings):
        asked.update(settings, samples=len(audio))
        return np.array([0.0, 110.0]), np.array([False, True]), np.array([0.1, 0.9])

    monkeypatch.setitem(sys.modules, "librosa", SimpleNamespace(pyin=pyin, __version__="0.11.0"))
    found = estimate_pitch(torch.zeros(300), 16000, 200, 1024, 65.0, 400.0, by="librosa")
    expected = {"fmin": 65.0, "fmax": 400.0, "sr": 16000, "frame_length": 1024, "hop_length": 200, "fill_na": 0.0}
    assert asked == {**expected, "samples": 300}
    assert found.pitch.tolist() == [0.0, 110.0]
    assert found.voiced.tolist() == [False, True]
    with pytest.raises(ConfigError, match="pitch_by is 'crepe'"):
        estimate_pitch(torch.zeros(300), 16000, 200, by="crepe")


def test_pitch_by_another_estimator_is_kept_apart():
    names = {FeatureSettings(16000, pitch_by=by).cache("pitch", "pitch_by").parameters for by in ("yin", "librosa")}
    assert len(names) == 2
