"""Each perturbation against its definition."""

import json

import numpy as np
import pytest
import soundfile
import soxr

from nemo.collections.common.audio.perturb import (
    GainPerturbation,
    NoisePerturbation,
    ShiftPerturbation,
    SilencePerturbation,
    SpeedPerturbation,
    WhiteNoisePerturbation,
)
from nemo.collections.common.audio.segment import AudioSegment
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

RATE = 8000
SPEECH = (0.1 * np.random.default_rng(1).standard_normal(RATE)).astype(np.float32)


def perturbed(perturbation, samples=SPEECH):
    segment = AudioSegment(samples.copy(), RATE)
    perturbation.perturb(segment)
    assert segment.samples.dtype == np.float32
    return segment.samples


def test_speed_resamples_to_a_rate_of_the_list():
    expected = {rate: soxr.resample(SPEECH, RATE, int(RATE * rate)) for rate in (0.9, 1.0, 1.1)}
    perturbation = SpeedPerturbation(RATE, min_speed_rate=0.9, max_speed_rate=1.1, num_rates=3, rng=0)
    seen = set()
    for _ in range(20):
        out = perturbed(perturbation)
        (rate,) = [rate for rate, samples in expected.items() if len(samples) == len(out)]
        np.testing.assert_array_equal(out, expected[rate])
        seen.add(rate)
    assert seen == {0.9, 1.0, 1.1}
    assert perturbation.max_augmentation_length(2.0) == pytest.approx(2.2)
    lengths = {len(perturbed(SpeedPerturbation(RATE, num_rates=-1, rng=seed))) for seed in range(9)}
    assert len(lengths) > 5
    assert all(0.9 * RATE - 1 <= length <= 1.1 * RATE + 1 for length in lengths)


def test_speed_refuses_rates_that_cannot_be():
    for options in ({"min_speed_rate": 0.0}, {"min_speed_rate": 1.2, "max_speed_rate": 0.8}, {"num_rates": 0}):
        with pytest.raises(ConfigError):
            SpeedPerturbation(RATE, **options)


def test_gain_is_within_its_limits():
    gains = [20 * np.log10(perturbed(GainPerturbation(-6, 6, rng=seed))[0] / SPEECH[0]) for seed in range(20)]
    assert -6 <= min(gains) < 0 < max(gains) <= 6


def test_white_noise_has_the_level_asked_for():
    noise = perturbed(WhiteNoisePerturbation(-40, -40, rng=0)) - SPEECH
    assert 20 * np.log10(noise.std()) == pytest.approx(-40, abs=0.2)
    assert abs(np.corrcoef(noise, SPEECH)[0, 1]) < 0.05
    assert perturbed(WhiteNoisePerturbation(), np.zeros((50, 2), np.float32)).shape == (50, 2)


def test_shift_moves_and_fills_with_zeros():
    left = perturbed(ShiftPerturbation(5, 5))
    np.testing.assert_array_equal(left, np.concatenate([SPEECH[40:], np.zeros(40)]))
    right = perturbed(ShiftPerturbation(-5, -5))
    np.testing.assert_array_equal(right, np.concatenate([np.zeros(40), SPEECH[:-40]]))
    np.testing.assert_array_equal(perturbed(ShiftPerturbation(5000, 5000)), SPEECH)


def test_silence_is_added_at_both_ends():
    out = perturbed(SilencePerturbation(0.1, 0.1, 0.2, 0.2, value=0.5))
    np.testing.assert_array_equal(out, np.concatenate([np.full(800, 0.5), SPEECH, np.full(1600, 0.5)]).astype("f4"))
    assert len(perturbed(SilencePerturbation())) == RATE


@pytest.fixture
def noise_manifest(tmp_path):
    for name, seconds in (("short", 0.5), ("long", 3.0)):
        samples = np.random.default_rng(2).standard_normal(int(seconds * RATE)) * 0.05
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE, subtype="FLOAT")
        entry = {"audio_filepath": f"{name}.wav", "duration": seconds, "offset": 0}
        (tmp_path / f"{name}.json").write_text(json.dumps(entry))
    return tmp_path


@pytest.mark.parametrize("length", ["short", "long"])
@pytest.mark.parametrize("snr", [0.0, 20.0])
def test_noise_has_the_ratio_asked_for(noise_manifest, length, snr):
    perturbation = NoisePerturbation(str(noise_manifest / f"{length}.json"), min_snr_db=snr, max_snr_db=snr, rng=3)
    noise = perturbed(perturbation) - SPEECH
    (touched,) = np.nonzero(noise)
    assert len(touched) >= (RATE if length == "long" else RATE // 2) - 5
    level = 10 * np.log10(np.mean(noise[touched] ** 2))
    assert 10 * np.log10(np.mean(SPEECH**2)) - level == pytest.approx(snr, abs=0.05)


def test_noise_leaves_silence_and_limits_its_gain(noise_manifest):
    path = str(noise_manifest / "long.json")
    assert not perturbed(NoisePerturbation(path), np.zeros(100, np.float32)).any()
    loud = perturbed(NoisePerturbation(path, min_snr_db=-90, max_snr_db=-90, max_gain_db=0.0, rng=0)) - SPEECH
    assert np.sqrt(np.mean(loud**2)) == pytest.approx(0.05, rel=0.05)
    stereo = perturbed(NoisePerturbation(path, 10, 10), np.stack([SPEECH, SPEECH], axis=1))
    np.testing.assert_array_equal(stereo[:, 0], stereo[:, 1])


def test_noise_says_what_it_needs():
    with pytest.raises(ConfigError, match="manifest_path"):
        NoisePerturbation()
    with pytest.raises(NotYetSupportedError, match="tar"):
        NoisePerturbation(audio_tar_filepaths="a.tar")


@pytest.mark.parametrize("kind", [SpeedPerturbation, GainPerturbation, WhiteNoisePerturbation, ShiftPerturbation])
def test_equal_seeds_give_equal_audio(kind):
    options = {"sr": RATE} if kind is SpeedPerturbation else {}
    one, two = kind(**options, rng=5), kind(**options, rng=5)
    np.testing.assert_array_equal(perturbed(one), perturbed(two))
    one.reseed(9)
    two.reseed(9)
    np.testing.assert_array_equal(perturbed(one), perturbed(two))
