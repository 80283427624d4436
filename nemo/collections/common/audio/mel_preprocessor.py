"""The module that configs name to compute log-mel features.

input_signal [B, T] -> processed_signal [B, D, F]
B batch, T samples, D features, F frames.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from nemo.collections.common.audio.audio_preprocessor import AudioPreprocessor, audio_example, in_samples
from nemo.collections.common.audio.mel import FilterbankFeatures
from nemo.core.neural_types import AudioSignal, LengthsType, MelSpectrogramType, NeuralType


@dataclass
class AudioToMelSpectrogramPreprocessorConfig:
    """Keys of a ``preprocessor`` section that computes log-mel features."""

    _target_: str = "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor"
    sample_rate: int = 16000
    window_size: float | None = 0.02
    window_stride: float | None = 0.01
    n_window_size: int | None = None
    n_window_stride: int | None = None
    window: str | None = "hann"
    normalize: Any = "per_feature"
    n_fft: int | None = None
    preemph: float | None = 0.97
    features: int = 64
    lowfreq: float = 0
    highfreq: float | None = None
    log: bool = True
    log_zero_guard_type: str = "add"
    log_zero_guard_value: Any = 2**-24
    dither: float = 1e-5
    pad_to: Any = 16
    frame_splicing: int = 1
    exact_pad: bool = False
    pad_value: float = 0
    mag_power: float = 2.0
    rng: Any = None
    nb_augmentation_prob: float = 0.0
    nb_max_freq: int = 4000
    use_torchaudio: bool = False
    mel_norm: Any = "slaney"
    stft_exact_pad: bool = False
    stft_conv: bool = False


class AudioToMelSpectrogramPreprocessor(AudioPreprocessor):
    """Log-mel features; see :class:`~nemo.collections.common.audio.mel.FilterbankFeatures` for the numerics.

    Args:
        sample_rate: in Hz.
        window_size: in seconds.
        window_stride: in seconds.
        n_window_size: window in samples, instead of `window_size`: give one of the two and set the other to None.
        n_window_stride: hop in samples, instead of `window_stride`.
        window: hann, hamming, blackman, bartlett or None.
        normalize: per_feature, all_features, None, or a mapping with fixed_mean and fixed_std.
        n_fft: length of the Fourier transform; the next power of two of the window when None.
        preemph: pre-emphasis, None for none.
        features: number of mel bands.
        lowfreq: lower edge in Hz.
        highfreq: upper edge in Hz, half the sample rate when None.
        log: takes the logarithm.
        log_zero_guard_type: add or clamp.
        log_zero_guard_value: a number, tiny or eps.
        dither: noise added in training.
        pad_to: pads the frames to a multiple of this.
        frame_splicing: frames stacked into one.
        exact_pad: makes frames exactly samples / hop.
        pad_value: value of padding frames.
        mag_power: exponent of the magnitude.
        rng: randomness of the narrow-band augmentation.
        nb_augmentation_prob: probability of cutting everything above `nb_max_freq` in training.
        nb_max_freq: in Hz.
        use_torchaudio: accepted for old configs; the same features come out.
        mel_norm: slaney, a number or None.
        stft_exact_pad: accepted for old configs, without effect.
        stft_conv: accepted for old configs, without effect.
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        window_size: float | None = 0.02,
        window_stride: float | None = 0.01,
        n_window_size: int | None = None,
        n_window_stride: int | None = None,
        window: str | None = "hann",
        normalize: Any = "per_feature",
        n_fft: int | None = None,
        preemph: float | None = 0.97,
        features: int = 64,
        lowfreq: float = 0,
        highfreq: float | None = None,
        log: bool = True,
        log_zero_guard_type: str = "add",
        log_zero_guard_value: float | str = 2**-24,
        dither: float = 1e-5,
        pad_to: int | str = 16,
        frame_splicing: int = 1,
        exact_pad: bool = False,
        pad_value: float = 0,
        mag_power: float = 2.0,
        rng: random.Random | None = None,
        nb_augmentation_prob: float = 0.0,
        nb_max_freq: int = 4000,
        use_torchaudio: bool = False,
        mel_norm: str | float | None = "slaney",
        stft_exact_pad: bool = False,
        stft_conv: bool = False,
    ) -> None:
        win_length = in_samples("window_size", window_size, n_window_size, sample_rate)
        hop_length = in_samples("window_stride", window_stride, n_window_stride, sample_rate)
        super().__init__(win_length, hop_length)
        self._sample_rate = sample_rate
        self.featurizer = FilterbankFeatures(
            sample_rate=sample_rate,
            n_window_size=win_length,
            n_window_stride=hop_length,
            window=window,
            normalize=normalize,
            n_fft=n_fft,
            preemph=preemph,
            nfilt=features,
            lowfreq=lowfreq,
            highfreq=highfreq,
            log=log,
            log_zero_guard_type=log_zero_guard_type,
            log_zero_guard_value=log_zero_guard_value,
            dither=dither,
            pad_to=pad_to,
            frame_splicing=frame_splicing,
            exact_pad=exact_pad,
            pad_value=pad_value,
            mag_power=mag_power,
            rng=rng,
            nb_augmentation_prob=nb_augmentation_prob,
            nb_max_freq=nb_max_freq,
            mel_norm=mel_norm,
        )

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Audio and its lengths in samples."""
        return {
            "input_signal": NeuralType(("B", "T"), AudioSignal(freq=self._sample_rate)),
            "length": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Features and their lengths in frames."""
        return {
            "processed_signal": NeuralType(("B", "D", "T"), MelSpectrogramType()),
            "processed_length": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def filter_banks(self) -> Tensor:
        """The mel filters [1, D, n_fft // 2 + 1]."""
        return self.featurizer.filter_banks

    def get_features(self, input_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Computes log-mel features [B, D, F] and their lengths [B]."""
        return self.featurizer(input_signal, length)

    def follow_release(self, nemo_version: str | None) -> None:
        """Counts frames as release `nemo_version` of the original does."""
        self.featurizer.follow_release(nemo_version)

    def input_example(
        self, max_batch: int | None = 8, max_dim: int | None = 32000, min_length: int = 200
    ) -> tuple[Tensor, Tensor]:
        """Random audio of random lengths."""
        return audio_example(self, max_batch or 8, max_dim or 32000, min_length)
