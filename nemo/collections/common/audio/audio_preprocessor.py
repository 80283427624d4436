"""The base of modules that turn audio into features.

input_signal [B, T] -> processed_signal [B, D, F]
B batch, T samples, D features, F frames.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.utils.exceptions import ConfigError


class AudioPreprocessor(NeuralModule, ABC):
    """Base of the modules that compute features; a subclass implements :meth:`get_features`.

    Args:
        win_length: window length in samples.
        hop_length: hop in samples.
    """

    def __init__(self, win_length: int, hop_length: int) -> None:
        super().__init__()
        self.win_length = win_length
        self.hop_length = hop_length
        self.torch_windows: dict[str | None, Callable[..., Tensor]] = {
            "hann": torch.hann_window,
            "hamming": torch.hamming_window,
            "blackman": torch.blackman_window,
            "bartlett": torch.bartlett_window,
            "ones": torch.ones,
            None: torch.ones,
        }

    @typecheck()
    @torch.no_grad()
    def forward(self, input_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Computes features.

        Args:
            input_signal: [B, T].
            length: [B] valid samples.

        Returns:
            processed_signal [B, D, F], processed_length [B].
        """
        return self.get_features(input_signal, length)

    @abstractmethod
    def get_features(self, input_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """What :meth:`forward` returns, without type checks."""

    def follow_release(self, nemo_version: str | None) -> None:
        """Counts frames as that release of the original does; a subclass for which releases differ overrides it."""


def in_samples(name: str, seconds: float | None, samples: int | None, sample_rate: int) -> int:
    """One of two ways to give a duration, in samples; configs write null or false for the other.

    Raises:
        ConfigError: both are given, or neither.
    """
    seconds = None if seconds is False else seconds
    samples = None if samples is False else samples
    if seconds is not None and samples is not None:
        raise ConfigError(
            f"preprocessor has both {name} ({seconds} s) and n_{name} ({samples} samples); set one to null."
        )
    if samples is not None:
        return int(samples)
    if seconds is None:
        raise ConfigError(f"preprocessor has neither {name} (seconds) nor n_{name} (samples); give one of them.")
    return int(seconds * sample_rate)


def audio_example(module: NeuralModule, max_batch: int, max_dim: int, min_length: int) -> tuple[Tensor, Tensor]:
    """Random audio [B, T] and lengths [B] on the device of `module`."""
    device = next(module.buffers()).device
    batch = int(torch.randint(1, max_batch + 1, (1,)))
    samples = int(torch.randint(min_length, max(max_dim, min_length) + 1, (1,)))
    signal = torch.rand(batch, samples, device=device) * 2 - 1
    return signal, torch.randint(min_length, samples + 1, (batch,), device=device)
