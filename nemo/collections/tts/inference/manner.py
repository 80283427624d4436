"""How a text is to be spoken, checked against what a model can do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nemo.utils.exceptions import ConfigError


@dataclass(frozen=True)
class Manner:
    """How a text is spoken."""

    pace: float = 1.0
    """Speed; above 1 is faster."""
    pitch: float = 0.0
    """Semitones that the voice's mean pitch is raised."""
    volume: float = 1.0
    """Factor of the samples."""

    def __post_init__(self) -> None:
        """Refuses what nothing can be spoken with.

        Raises:
            ConfigError: names the value.
        """
        if not (math.isfinite(self.pace) and self.pace > 0):
            raise ConfigError(f"pace is {self.pace}. Expected a number above 0; 1 is the voice's own, 2 twice as fast.")
        if not math.isfinite(self.pitch) or abs(self.pitch) > 48:
            raise ConfigError(f"pitch is {self.pitch} semitones. Expected -48 to 48; 12 is an octave up.")
        if not (math.isfinite(self.volume) and self.volume >= 0):
            raise ConfigError(f"volume is {self.volume}. Expected 0 or more; 1 leaves it.")


def pitch_offset(model: Any, semitones: float) -> float:
    """By how many of its standard deviations the pitch of a FastPitch model is raised.

    Raises:
        ConfigError: its config does not say what the numbers of its pitch mean.
    """
    if semitones == 0:
        return 0.0
    mean, deviation = model.cfg.pitch_mean, model.cfg.pitch_std
    if not mean or not deviation:
        raise ConfigError(
            f"pitch is {semitones} semitones, and the model does not say what its pitch means: model.pitch_mean is "
            f"{mean} and model.pitch_std {deviation}. Set both in model.cfg to those of its training data, in Hz."
        )
    return float(mean * (2 ** (semitones / 12) - 1) / deviation)


def check_speaker(speaker: int | None, n_speakers: int) -> None:
    """Refuses a voice that a model does not have.

    Args:
        speaker: id; None where there is one voice.
        n_speakers: voices of the model; 0 and 1 mean one.

    Raises:
        ConfigError: names id and number of voices.
    """
    if n_speakers < 2:
        if speaker:
            raise ConfigError(f"speaker is {speaker}, and the model has one voice. Leave speaker out.")
    elif speaker is None:
        raise ConfigError(f"speaker is missing, and the model has {n_speakers} voices. Give 0 to {n_speakers - 1}.")
    elif not 0 <= speaker < n_speakers:
        raise ConfigError(f"speaker is {speaker}, and the model has {n_speakers} voices. Give 0 to {n_speakers - 1}.")
