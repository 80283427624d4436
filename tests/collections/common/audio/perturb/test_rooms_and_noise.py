"""Impulse responses and noise of an exact ratio, against NumPy's convolution and the ratio's definition."""

import json

import numpy as np
import pytest
import soundfile

from nemo.collections.common.audio.perturb import (
    AudioAugmentor,
    ImpulsePerturbation,
    NoiseNormPerturbation,
    NoisePerturbation,
    RirAndNoisePerturbation,
)
from nemo.collections.common.audio.segment import AudioSegment
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

RATE = 8000
SPEECH = (0.1 * np.random.default_rng(1).standard_normal(RATE)).astype(np.float32)
IMPULSE = np.concatenate([[0.02, 0.0, 0.5], 0.2 * np.exp(-np.arange(200) / 40.0)]).astype(np.float32)
KINDS = [ImpulsePerturbation, NoiseNormPerturbation, RirAndNoisePerturbation]


def perturbed(perturbation, samples=SPEECH, **more):
    segment = AudioSegment(samples.copy(), RATE, **more)
    perturbation.perturb(segment)
    assert segment._samples.dtype == np.float32
    return segment.samples


def manifest(folder, name, samples, rate=RATE):
    soundfile.write(folder / f"{name}.wav", samples, rate, subtype="FLOAT")
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"audio_filepath": f"{name}.wav", "duration": len(samples) / rate}))
    return str(path)


@pytest.fixture
def room(tmp_path):
    return manifest(tmp_path, "room", IMPULSE)


@pytest.fixture
def noise(tmp_path):
    return manifest(tmp_path, "noise", 0.05 * np.random.default_rng(2).standard_normal(RATE // 4))


def level(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


@pytest.mark.parametrize("normalize", [False, True])
def test_a_room_is_the_convolution_with_its_response(room, normalize):
    factor = 2.0 if normalize else 1.0  # the highest peak of the response is 0.5
    expected = np.convolve(SPEECH, IMPULSE * factor)
    out = perturbed(ImpulsePerturbation(room, normalize_impulse=normalize))
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_a_shifted_room_leaves_words_and_length_where_they_are(room):
    out = perturbed(ImpulsePerturbation(room, shift_impulse=True))
    np.testing.assert_allclose(out, np.convolve(SPEECH, IMPULSE[2:])[:RATE], atol=1e-6)


def test_each_channel_is_in_the_room(tmp_path, room):
    stereo = np.stack([SPEECH, SPEECH[::-1]], axis=1)
    out = perturbed(ImpulsePerturbation(room), stereo)
    np.testing.assert_allclose(out[:, 1], np.convolve(SPEECH[::-1], IMPULSE), atol=1e-6)
    two = manifest(tmp_path, "two", np.stack([IMPULSE, IMPULSE[::-1]], axis=1))
    np.testing.assert_allclose(
        perturbed(ImpulsePerturbation(two), stereo)[:, 0], np.convolve(SPEECH, IMPULSE), atol=1e-6
    )
    with pytest.raises(ConfigError, match="2 channels"):
        perturbed(ImpulsePerturbation(two))


def test_a_room_of_another_rate_is_resampled(tmp_path):
    path = manifest(tmp_path, "fast", np.pad(IMPULSE, (0, 997)), 2 * RATE)
    assert len(perturbed(ImpulsePerturbation(path))) == RATE + 600 - 1


@pytest.mark.parametrize("snr", [-5.0, 0.0, 20.0])
def test_noise_norm_has_the_level_and_the_ratio_asked_for(noise, snr):
    out = perturbed(NoiseNormPerturbation(noise, snr_samples=[snr], norm_to_db=-30, rng=0))
    speech = SPEECH * 10 ** ((-30 - level(SPEECH)) / 20)
    assert level(speech) - level(out - speech) == pytest.approx(snr, abs=1e-3)
    added = out - speech
    np.testing.assert_allclose(added[: RATE // 2], added[RATE // 2 :], atol=1e-6)  # a quarter of a second, repeated


def test_noise_norm_keeps_the_ratio_where_it_would_clip(noise):
    loud = np.clip(5 * SPEECH, -1, 1)
    out = perturbed(NoiseNormPerturbation(noise, 0, 0, epsilon=0.05, rng=0), loud)
    assert np.abs(out).max() == pytest.approx(0.95, abs=1e-6)
    quiet = perturbed(NoiseNormPerturbation(noise, 0, 0, rng=0), loud / 100) * 100
    np.testing.assert_allclose(out, quiet * (0.95 / np.abs(quiet).max()), rtol=1e-4, atol=1e-5)


def test_noise_norm_draws_a_ratio_between_its_limits(noise):
    perturbation = NoiseNormPerturbation(noise, 5, 15, rng=1)
    ratios = [level(SPEECH) - level(perturbed(perturbation) - SPEECH) for _ in range(20)]
    assert 5 <= min(ratios) < 8 < 12 < max(ratios) <= 15.001


def test_foreground_noises_are_short_and_few(noise):
    perturbation = NoisePerturbation(noise, 10, 10, rng=0)
    for _ in range(10):
        segment = AudioSegment(SPEECH.copy(), RATE)
        perturbation.perturb_with_foreground_noise(segment, max_noise_dur=0.05, max_additions=3)
        assert 0 < np.count_nonzero(segment.samples != SPEECH) <= 3 * 0.05 * RATE + 3


def test_room_and_noise_are_applied_one_after_another(tmp_path, room):
    background = manifest(tmp_path, "background", 0.05 * np.random.default_rng(3).standard_normal(2 * RATE))
    out = perturbed(
        RirAndNoisePerturbation(
            room, rir_prob=1.0, bg_noise_manifest_paths=[background], bg_min_snr_db=10, bg_max_snr_db=10, rng=0
        )
    )
    added = out - np.convolve(SPEECH, IMPULSE[2:])[:RATE]
    assert level(SPEECH) - level(added) == pytest.approx(10.0, abs=0.01)  # the ratio refers to the audio as it came


def test_parts_without_a_manifest_or_probability_are_left_out(room, noise):
    np.testing.assert_array_equal(perturbed(RirAndNoisePerturbation()), SPEECH)
    never = RirAndNoisePerturbation(room, 0.0, [noise], 0.0, bg_noise_manifest_paths=noise, bg_noise_prob=0.0)
    np.testing.assert_array_equal(perturbed(never), SPEECH)


def test_noise_of_the_audios_original_rate_is_taken(tmp_path):
    rates, paths = [8000, 16000], []
    for rate in rates:
        paths.append(manifest(tmp_path, f"tone{rate}", np.full(4 * RATE, rate / 1e5)))
    perturbation = RirAndNoisePerturbation(
        bg_noise_manifest_paths=paths, bg_orig_sample_rate=rates, bg_min_snr_db=0, bg_max_snr_db=0, rng=0
    )
    drawn = []
    for noises in perturbation._background:
        noises.get_one_noise_sample = lambda *given, path=noises: (
            drawn.append(path.orig_sr) or AudioSegment(SPEECH, RATE)
        )
    for rate in (16000, 8000, 44100):
        perturbed(perturbation, orig_sr=rate)
    assert drawn == [16000, 8000, 8000]
    with pytest.raises(ConfigError, match="2 manifests and 1"):
        RirAndNoisePerturbation(bg_noise_manifest_paths=paths, bg_orig_sample_rate=[8000])


def test_a_seed_fixes_all_parts(room, noise):
    def results(seed):
        perturbation = RirAndNoisePerturbation(room, noise_manifest_paths=noise, apply_noise_rir=True, max_duration=0.2)
        augmentor = AudioAugmentor([(1.0, perturbation)], rng=1)
        segment = AudioSegment(SPEECH.copy(), RATE)
        augmentor.reseed(seed)
        augmentor.perturb(segment)
        return segment.samples

    np.testing.assert_array_equal(results(4), results(4))
    assert not np.array_equal(results(4), results(5))


@pytest.mark.parametrize("kind", KINDS)
def test_silence_and_nothing_stay(kind, room, noise):
    options = {"noise_manifest_paths": noise, "rir_manifest_path": room}
    perturbation = kind(**options) if kind is RirAndNoisePerturbation else kind(noise)
    assert not perturbed(perturbation, np.zeros(50, np.float32)).any()
    assert perturbed(perturbation, np.zeros(0, np.float32)).size == 0


@pytest.mark.parametrize("kind", [ImpulsePerturbation, NoiseNormPerturbation])
def test_what_is_missing_is_named(kind, tmp_path):
    with pytest.raises(ConfigError, match="manifest_path"):
        kind()
    with pytest.raises(NotYetSupportedError, match="tar"):
        kind(audio_tar_filepaths="a.tar")
