"""The module that configs name to compute mel-frequency cepstral coefficients.

input_signal [B, T] -> processed_signal [B, C, F]
B batch, T samples, C coefficients, F frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nemo.collections.common.audio.audio_preprocessor import AudioPreprocessor, audio_example, in_samples
from nemo.collections.common.audio.mfcc import MFCCFeatures
from nemo.core.neural_types import AudioSignal, LengthsType, MFCCSpectrogramType, NeuralType
from nemo.utils.exceptions import ConfigError


@dataclass
class AudioToMFCCPreprocessorConfig:
    """Keys of a ``preprocessor`` section that computes MFCCs."""

    _target_: str = "nemo.collections.asr.modules.AudioToMFCCPreprocessor"
    sample_rate: int = 16000
    window_size: float | None = 0.02
    window_stride: float | None = 0.01
    n_window_size: int | None = None
    n_window_stride: int | None = None
    window: str | None = "hann"
    n_fft: int | None = None
    lowfreq: float | None = 0.0
    highfreq: float | None = None
    n_mels: int = 64
    n_mfcc: int = 64
    dct_type: int = 2
    norm: str | None = "ortho"
    log: bool = True


class AudioToMFCCPreprocessor(AudioPreprocessor):
    """Mel-frequency cepstral coefficients; see :class:`~nemo.collections.common.audio.mfcc.MFCCFeatures`.

    Args:
        sample_rate: in Hz.
        window_size: in seconds.
        window_stride: in seconds.
        n_window_size: window in samples, instead of `window_size`: give one of the two and set the other to None.
        n_window_stride: hop in samples, instead of `window_stride`.
        window: hann, hamming, blackman, bartlett or None.
        n_fft: length of the Fourier transform; the next power of two of the window when None.
        lowfreq: lower edge in Hz.
        highfreq: upper edge in Hz, half the sample rate when None.
        n_mels: number of mel bands.
        n_mfcc: number of coefficients.
        dct_type: 2.
        norm: ortho or None.
        log: logarithm of the mel energies, else decibels.
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        window_size: float | None = 0.02,
        window_stride: float | None = 0.01,
        n_window_size: int | None = None,
        n_window_stride: int | None = None,
        window: str | None = "hann",
        n_fft: int | None = None,
        lowfreq: float | None = 0.0,
        highfreq: float | None = None,
        n_mels: int = 64,
        n_mfcc: int = 64,
        dct_type: int = 2,
        norm: str | None = "ortho",
        log: bool = True,
    ) -> None:
        win_length = in_samples("window_size", window_size, n_window_size, sample_rate)
        hop_length = in_samples("window_stride", window_stride, n_window_stride, sample_rate)
        super().__init__(win_length, hop_length)
        if window not in self.torch_windows:
            known = [name for name in self.torch_windows if name]
            raise ConfigError(f"preprocessor.window is {window!r}; expected one of {known} or null.")
        self._sample_rate = sample_rate
        self.featurizer = MFCCFeatures(
            sample_rate,
            n_mfcc,
            n_fft=n_fft or 1 << (win_length - 1).bit_length(),
            win_length=win_length,
            hop_length=hop_length,
            window=self.torch_windows[window](win_length),
            n_mels=n_mels,
            dct_type=dct_type,
            norm=norm,
            log_mels=log,
            low_hz=lowfreq or 0.0,
            high_hz=highfreq,
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
        """Coefficients and their lengths in frames."""
        return {
            "processed_signal": NeuralType(("B", "D", "T"), MFCCSpectrogramType()),
            "processed_length": NeuralType(tuple("B"), LengthsType()),
        }

    def get_features(self, input_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Computes coefficients [B, C, F] and their lengths, ceil(samples / hop)."""
        lengths = torch.div(length + self.hop_length - 1, self.hop_length, rounding_mode="floor").long()
        return self.featurizer(input_signal), lengths

    def input_example(
        self, max_batch: int | None = 8, max_dim: int | None = 32000, min_length: int = 400
    ) -> tuple[Tensor, Tensor]:
        """Random audio of random lengths."""
        return audio_example(self, max_batch or 8, max_dim or 32000, min_length)
