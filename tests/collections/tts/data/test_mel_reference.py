"""Mel spectrograms, energy and pitch of synthesis against plain numpy and closed forms.

The reference below is written from the definitions alone: frames, an explicit matrix of the discrete Fourier transform,
and triangles on Slaney's mel scale.
"""

import numpy as np
import pytest
import torch

from nemo.collections.asr.modules import AudioToMelSpectrogramPreprocessor
from nemo.collections.common.audio.mel import FilterbankFeatures
from nemo.collections.tts.data.featurizers import EnergyFeaturizer, MelSpectrogramFeaturizer
from nemo.collections.tts.data.pitch import estimate_pitch
from nemo.collections.tts.data.supplements import FeatureSettings, energy_of, spectra_of

RATE, N_FFT, HOP, BANDS, HIGH = 22050, 256, 64, 20, 8000.0


def slaney(hertz):
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)


def slaney_inverse(mel):
    return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)


def filters(rate, n_fft, bands, low, high, norm=True):
    corners = [slaney_inverse(mel) for mel in np.linspace(slaney(low), slaney(high), bands + 2)]
    found = np.zeros((bands, n_fft // 2 + 1))
    for band in range(bands):
        left, top, right = corners[band : band + 3]
        for number in range(n_fft // 2 + 1):
            hertz = number * rate / n_fft
            if left < hertz < right:
                height = (hertz - left) / (top - left) if hertz <= top else (right - hertz) / (right - top)
                found[band, number] = height * (2 / (right - left) if norm else 1)
    return found


def magnitudes(audio, n_fft, hop, window_size, pads_whole):
    """[N, F]: of frames centred at multiples of the hop, or, with exact padding, beginning (n_fft - hop) / 2 before."""
    edge = n_fft // 2 if pads_whole else (n_fft - hop) // 2
    padded = np.pad(audio.astype(np.float64), edge, mode="reflect")
    window = np.zeros(n_fft)
    start = (n_fft - window_size) // 2
    window[start : start + window_size] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window_size) / (window_size - 1))
    count = 1 + (len(padded) - n_fft) // hop
    frames = np.stack([padded[hop * number : hop * number + n_fft] * window for number in range(count)], axis=1)
    transform = np.exp(-2j * np.pi * np.outer(np.arange(n_fft // 2 + 1), np.arange(n_fft)) / n_fft)
    return np.abs(transform @ frames)


@pytest.fixture(scope="module")
def audio():
    generator = np.random.default_rng(0)
    time = np.arange(3000) / RATE
    return (0.3 * np.sin(2 * np.pi * (300 + 2000 * time) * time) + 0.01 * generator.standard_normal(3000)).astype("f4")


def lengths(audio):
    return torch.tensor([len(audio)])


@pytest.mark.parametrize(("window", "high"), [(N_FFT, HIGH), (200, None)])
@pytest.mark.parametrize(("kind", "guard"), [("clamp", 1e-5), ("add", 1e-5)])
def test_the_preprocessor_of_fastpitch_is_the_reference(audio, window, high, kind, guard):
    module = AudioToMelSpectrogramPreprocessor(
        sample_rate=RATE,
        window_size=False,
        window_stride=False,
        n_window_size=window,
        n_window_stride=HOP,
        n_fft=N_FFT,
        features=BANDS,
        lowfreq=0,
        highfreq=high,
        normalize=None,
        preemph=None,
        dither=0.0,
        pad_to=1,
        mag_power=1.0,
        log_zero_guard_type=kind,
        log_zero_guard_value=guard,
    ).eval()
    found, found_lengths = module(input_signal=torch.from_numpy(audio)[None], length=lengths(audio))
    mel = filters(RATE, N_FFT, BANDS, 0, high or RATE / 2) @ magnitudes(audio, N_FFT, HOP, window, True)
    wanted = np.log(np.maximum(mel, guard) if kind == "clamp" else mel + guard)
    assert found_lengths.tolist() == [len(audio) // HOP + 1] == [wanted.shape[1]]
    np.testing.assert_allclose(found[0].numpy(), wanted, atol=2e-4)


def test_exact_padding_of_vocoders_has_a_frame_for_each_hop(audio):
    whole = audio[: HOP * 40]
    module = FilterbankFeatures(
        sample_rate=RATE,
        n_window_size=N_FFT,
        n_window_stride=HOP,
        n_fft=N_FFT,
        nfilt=BANDS,
        highfreq=HIGH,
        normalize=None,
        preemph=None,
        dither=0.0,
        pad_to=0,
        mag_power=1.0,
        exact_pad=True,
        log_zero_guard_type="clamp",
        log_zero_guard_value=1e-5,
    ).eval()
    found, found_lengths = module(torch.from_numpy(whole)[None], lengths(whole))
    wanted = filters(RATE, N_FFT, BANDS, 0, HIGH) @ magnitudes(whole, N_FFT, HOP, N_FFT, False)
    assert found.shape[2] == 40 == found_lengths.item()
    np.testing.assert_allclose(found[0].numpy(), np.log(np.maximum(wanted, 1e-5)), atol=2e-4)


def test_silence_is_the_logarithm_of_the_clamp():
    module = MelSpectrogramFeaturizer(
        sample_rate=RATE, win_length=N_FFT, hop_length=HOP, log_zero_guard_type="clamp", log_zero_guard_value=1e-5
    )
    np.testing.assert_allclose(module.compute(torch.zeros(1000))["mel_spec"], np.log(1e-5), rtol=1e-6)


@pytest.mark.parametrize("norm", [None, "slaney"])
def test_the_featurizer_is_the_reference(audio, norm):
    module = MelSpectrogramFeaturizer(
        sample_rate=RATE, mel_dim=BANDS, win_length=N_FFT, hop_length=HOP, highfreq=HIGH, mel_norm=norm
    )
    found = module.compute(torch.from_numpy(audio))["mel_spec"]
    mel = filters(RATE, N_FFT, BANDS, 0, HIGH, norm is not None) @ magnitudes(audio, N_FFT, HOP, N_FFT, True)
    np.testing.assert_allclose(found, np.log(mel + 1), atol=1e-5)
    energy = EnergyFeaturizer(module).compute(torch.from_numpy(audio))["energy"]
    np.testing.assert_allclose(energy, np.sqrt((np.log(mel + 1) ** 2).sum(axis=0)), rtol=1e-5)


def test_energy_of_a_dataset_is_the_norm_of_the_reference_and_of_a_tone_in_closed_form(audio):
    settings = FeatureSettings(sample_rate=RATE, n_fft=N_FFT, win_length=N_FFT, hop_length=HOP)
    found = energy_of(torch.from_numpy(audio), spectra_of(settings)).numpy()
    wanted = np.sqrt((magnitudes(audio, N_FFT, HOP, N_FFT, True) ** 2).sum(axis=0))
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    # Parseval: half the spectrum of amplitude A has A^2 N sum(w^2) / 4; sum(w^2) of a Hann window is 3 (N - 1) / 8
    tone = 0.4 * np.cos(2 * np.pi * 37 / N_FFT * np.arange(4000)).astype("f4")
    expected = 0.4 * np.sqrt(N_FFT * 3 * (N_FFT - 1) / 8 / 4)
    middle = energy_of(torch.from_numpy(tone), spectra_of(settings)).numpy()[5:-5]
    np.testing.assert_allclose(middle, expected, rtol=1e-3)


def harmonics(frequency, rate):
    """Ten harmonics of a fundamental in Hz [T], the first of them weak, as through a telephone."""
    phase = 2 * np.pi * np.cumsum(frequency) / rate
    weights = [0.1, *(1 / number for number in range(2, 11))]
    kept = [
        weight * np.sin(number * phase) * (number * frequency < rate / 2) for number, weight in enumerate(weights, 1)
    ]
    return (0.2 * sum(kept)).astype("f4")


@pytest.mark.parametrize(("begin", "end"), [(90, 180), (250, 120), (200, 500)])
def test_glides_of_harmonic_tones_are_found_within_one_percent(begin, end):
    seconds, hop = 0.8, 256
    time = np.arange(int(seconds * RATE)) / RATE
    frequency = begin * (end / begin) ** (time / seconds)
    found = estimate_pitch(torch.from_numpy(harmonics(frequency, RATE)), RATE, hop, 1024, 65.0, 640.0)
    inside = slice(5, len(found.pitch) - 5)
    truth = frequency[np.minimum(np.arange(len(found.pitch)) * hop, len(frequency) - 1)]
    assert found.voiced[inside].all()
    assert np.abs(found.pitch[inside] / truth[inside] - 1).max() < 0.01


def test_voice_begins_and_ends_where_it_does_and_noise_has_none():
    generator = np.random.default_rng(1)
    part, hop = int(0.4 * RATE), 256
    noise = (0.1 * generator.standard_normal(part)).astype("f4")
    tone = harmonics(np.full(part, 150.0), RATE)
    found = estimate_pitch(torch.from_numpy(np.concatenate([noise, tone, 0 * tone])), RATE, hop, 1024, 65.0, 640.0)
    centres = np.arange(len(found.pitch)) * hop
    is_tone = (centres >= part) & (centres < 2 * part)
    near_edge = np.minimum(np.abs(centres - part), np.abs(centres - 2 * part)) <= 512
    assert (found.voiced == is_tone)[~near_edge].mean() > 0.98
    voiced = is_tone & ~near_edge & found.voiced
    assert np.abs(found.pitch[voiced] / 150 - 1).max() < 0.01
    assert (found.pitch[~found.voiced] == 0).all()
