"""Losses of FastPitch: squared errors of spectrograms, durations, pitch and energy (Łańcucki, 2021, section 2.2)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.core.classes.loss import Loss


def masked_mean_square(found: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """The mean of squared differences where `mask` is 1; it is spread over dimensions where it has size 1."""
    squares = (found - wanted) ** 2 * mask
    return squares.sum() / mask.expand_as(squares).sum().clamp(min=1)


class DurationLoss(Loss):
    """Squared error of ``log(frames + 1)``.

    Args:
        loss_scale: factor.
    """

    def __init__(self, loss_scale: float = 0.1) -> None:
        super().__init__()
        self.loss_scale = loss_scale

    def forward(self, log_durs_predicted: Tensor, durs_tgt: Tensor, len: Tensor) -> Tensor:
        """Of predictions [B, U] and durations [B, U] in frames, with `len` [B] tokens."""
        mask = lengths_to_mask(len, log_durs_predicted.shape[1])[..., 0].to(log_durs_predicted.dtype)
        wanted = (durs_tgt.float() + 1).log()
        return masked_mean_square(log_durs_predicted, wanted, mask) * self.loss_scale


class PitchLoss(Loss):
    """Squared error of the normalised pitch of tokens.

    Args:
        loss_scale: factor.
    """

    def __init__(self, loss_scale: float = 0.1) -> None:
        super().__init__()
        self.loss_scale = loss_scale

    def forward(self, pitch_predicted: Tensor, pitch_tgt: Tensor, len: Tensor) -> Tensor:
        """Of two pitches [B, U], with `len` [B] tokens."""
        mask = lengths_to_mask(len, pitch_predicted.shape[1])[..., 0].to(pitch_predicted.dtype)
        return masked_mean_square(pitch_predicted, pitch_tgt, mask) * self.loss_scale


class EnergyLoss(Loss):
    """Squared error of ``log(energy + 1)`` of tokens.

    Args:
        loss_scale: factor.
    """

    def __init__(self, loss_scale: float = 0.1) -> None:
        super().__init__()
        self.loss_scale = loss_scale

    def forward(self, energy_predicted: Tensor, energy_tgt: Tensor, length: Tensor) -> Tensor:
        """Of two energies [B, U], with `length` [B] tokens."""
        mask = lengths_to_mask(length, energy_predicted.shape[1])[..., 0].to(energy_predicted.dtype)
        return masked_mean_square(energy_predicted, energy_tgt, mask) * self.loss_scale


class MelLoss(Loss):
    """Squared error of log-mel spectrograms; frames count where the recording is not exactly 0, its padding."""

    def forward(self, spect_predicted: Tensor, spect_tgt: Tensor) -> Tensor:
        """Of spectrograms [B, D, F]; a shorter prediction is continued with 0."""
        found = _as_long(spect_predicted, spect_tgt)
        return masked_mean_square(found, spect_tgt, (spect_tgt != 0).to(found.dtype))


def mel_distance(spect_predicted: Tensor, spect_tgt: Tensor) -> Tensor:
    """The mean absolute difference of log-mel spectrograms [B, D, F], of the same frames as :class:`MelLoss`."""
    found = _as_long(spect_predicted, spect_tgt)
    mask = (spect_tgt != 0).to(found.dtype)
    return ((found - spect_tgt).abs() * mask).sum() / mask.sum().clamp(min=1)


def _as_long(found: Tensor, wanted: Tensor) -> Tensor:
    """Cut, or continued with 0."""
    return F.pad(found, (0, wanted.shape[2] - found.shape[2]))
