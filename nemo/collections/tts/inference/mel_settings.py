"""What a mel spectrogram's numbers mean, so that a vocoder is not given those of another kind."""

from __future__ import annotations

from typing import Any

from nemo.collections.common.audio.mel import FilterbankFeatures
from nemo.utils.exceptions import ConfigError

MODULES = ("preprocessor", "audio_to_melspec_precessor", "audio_to_melspec_processor")
"""Attributes under which models have what computes their spectrograms; the spelling is that of archives."""


def features_of(model: Any) -> FilterbankFeatures | None:
    """What computes a model's spectrograms; None where it does not say."""
    for name in MODULES:
        found = getattr(model, name, None)
        found = getattr(found, "featurizer", found)
        if isinstance(found, FilterbankFeatures):
            return found
    return None


def mel_settings(model: Any) -> dict[str, Any] | None:
    """The settings that spectrogram model and vocoder must share, by name; None where the model does not say."""
    features = features_of(model)
    if features is None:
        return None
    section = model.cfg.preprocessor
    return {
        "sample_rate": features.sample_rate,
        "n_window_stride": features.hop_length,
        "n_window_size": features.win_length,
        "n_fft": features.n_fft,
        "features": features.nfilt,
        "lowfreq": section.get("lowfreq") or 0,
        "highfreq": section.get("highfreq") or features.sample_rate / 2,
        "mag_power": features.mag_power,
        "log": features.log,
        "normalize": features.normalize,
        "preemph": features.preemph or None,
    }


def check_same_mel(model: Any, vocoder: Any) -> None:
    """Refuses a vocoder of other spectrograms than a model makes.

    Raises:
        ConfigError: names each setting that differs, with both values.
    """
    made, taken = mel_settings(model), mel_settings(vocoder)
    if made is None or taken is None:
        return
    differing = [name for name in made if made[name] != taken[name]]
    if differing:
        raise ConfigError(
            f"{type(model).__name__} and {type(vocoder).__name__} have different spectrograms: "
            + ", ".join(f"{name} is {made[name]} and {taken[name]}" for name in differing)
            + ". Expected a vocoder trained with the preprocessor of the spectrogram model; take another of the two."
        )
