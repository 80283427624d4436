"""Time stretching, random parts and codecs."""

import numpy as np
import pytest

from nemo.collections.common.audio.perturb import (
    RandomSegmentPerturbation,
    TimeStretchPerturbation,
    TranscodePerturbation,
)
from nemo.collections.common.audio.perturb.transcode import CODECS
from nemo.collections.common.audio.segment import AudioSegment
from nemo.utils.exceptions import ConfigError

RATE = 8000


def tone(frequency, seconds=1.0, rate=RATE):
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def perturbed(perturbation, samples, rate=RATE):
    segment = AudioSegment(samples.copy(), rate)
    perturbation.perturb(segment)
    assert segment._samples.dtype == np.float32 and segment.sample_rate == rate
    return segment.samples


@pytest.mark.parametrize("rate", [0.7, 0.9, 1.1, 1.6])
@pytest.mark.parametrize("frequency", [200.0, 437.5, 1210.0])
def test_a_stretched_tone_has_another_length_and_the_same_pitch_and_level(rate, frequency):
    out = perturbed(TimeStretchPerturbation(rate, rate, 1), tone(frequency))
    assert len(out) == round(RATE / rate)
    middle = out[1000:-1000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 16))
    assert spectrum.argmax() * RATE / (1 << 16) == pytest.approx(frequency, abs=1.0)  # Hz
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.03)


def test_events_move_with_the_time():
    samples = np.zeros(RATE, np.float32)
    samples[4000:4400] = tone(500, 0.05)
    out = perturbed(TimeStretchPerturbation(0.5, 0.5, 1), samples)
    energy = np.cumsum(out**2)
    assert np.searchsorted(energy, energy[-1] / 2) / RATE == pytest.approx(2 * 4200 / RATE, abs=0.03)


def test_rate_one_and_very_short_audio_stay():
    np.testing.assert_array_equal(perturbed(TimeStretchPerturbation(1.0, 1.0, 1), tone(300)), tone(300))
    short = tone(300)[:256]
    np.testing.assert_array_equal(perturbed(TimeStretchPerturbation(0.9, 0.9, 1), short), short)
    perturbation = TimeStretchPerturbation(0.8, 1.2)
    assert perturbation.max_augmentation_length(2.0) == pytest.approx(2.5)
    assert {len(perturbed(perturbation, tone(300))) for _ in range(60)} == {
        round(RATE / rate) for rate in (0.8, 0.9, 1.0, 1.1, 1.2)
    }
    any_rate = TimeStretchPerturbation(num_rates=-1, rng=0)
    assert len({len(perturbed(any_rate, tone(300))) for _ in range(9)}) > 5
    for options in ({"min_speed_rate": 0}, {"num_rates": 0}, {"min_speed_rate": 2}):
        with pytest.raises(ConfigError):
            TimeStretchPerturbation(**options)


def test_each_channel_is_stretched_by_itself():
    stereo = np.stack([tone(300), tone(500)], axis=1)
    perturbation = TimeStretchPerturbation(1.25, 1.25, 1)
    out = perturbed(perturbation, stereo)
    assert out.shape == (6400, 2)
    np.testing.assert_allclose(out[:, 1], perturbed(perturbation, tone(500)), atol=1e-5)


def test_a_random_segment_is_a_part_of_the_audio():
    samples = np.arange(RATE, dtype=np.float32)
    perturbation = RandomSegmentPerturbation(0.25, rng=0)
    starts = set()
    for _ in range(10):
        out = perturbed(perturbation, samples)
        np.testing.assert_array_equal(out, np.arange(out[0], out[0] + RATE // 4))
        starts.add(out[0])
    assert len(starts) > 5
    assert perturbation.max_augmentation_length(9.0) == 0.25
    np.testing.assert_array_equal(perturbed(RandomSegmentPerturbation(1.0), samples), samples)


def test_audio_that_is_too_short_is_padded_or_refused():
    padded = perturbed(RandomSegmentPerturbation(2.0, pad_to_duration=True), tone(300))
    np.testing.assert_array_equal(padded, np.pad(tone(300), (0, RATE)))
    with pytest.raises(ValueError, match=r"1\.00 s.*wants 2\.0 s.*pad_to_duration"):
        perturbed(RandomSegmentPerturbation(2.0), tone(300))


def mu_law(samples):
    """The 255-step curve of ITU-T G.711, without its rounding."""
    return np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)


def test_g711_rounds_on_the_logarithmic_scale_of_its_standard():
    out = perturbed(TranscodePerturbation(["ulaw"], rng=0), tone(300))
    assert len(np.unique(out)) <= 256
    np.testing.assert_allclose(mu_law(out), mu_law(tone(300)), atol=0.02)
    assert np.abs(out - tone(300)).max() > 1e-3


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rate", [8000, 16000])
def test_codecs_keep_length_and_place_and_change_samples(codec, rate):
    draw = np.random.default_rng(0)
    noise = np.convolve(draw.standard_normal(rate), np.hanning(rate // 500), mode="same")  # below 1 kHz
    samples = (0.2 * noise / np.abs(noise).max() * 3).astype(np.float32)
    out = perturbed(TranscodePerturbation([codec], rng=0), samples, rate)
    assert out.shape == samples.shape
    assert not np.array_equal(out, samples)
    inner = slice(rate // 4, -rate // 4)
    assert np.corrcoef(out[inner], samples[inner])[0, 1] > 0.95


def test_codecs_are_drawn_by_seed_and_per_channel():
    stereo = np.stack([tone(300), tone(500)], axis=1)
    first, second = (perturbed(TranscodePerturbation(rng=3), stereo) for _ in range(2))
    assert first.shape == stereo.shape
    np.testing.assert_array_equal(first, second)
    assert not perturbed(TranscodePerturbation(rng=0), np.zeros(9, np.float32)).any()
    with pytest.raises(ConfigError, match=r"'amr'.*amr-nb"):
        TranscodePerturbation(["amr"])
    with pytest.raises(ConfigError, match="empty"):
        TranscodePerturbation([])
