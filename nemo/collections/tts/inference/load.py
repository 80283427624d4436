"""Models of speech synthesis by path or name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nemo.collections.tts.models.base import SpectrogramGenerator, TextToWaveform, Vocoder
from nemo.core.classes.model_pt import ModelPT
from nemo.utils.exceptions import ConfigError


def load_acoustic_model(name: str, device: Any = "cpu") -> SpectrogramGenerator | TextToWaveform:
    """The model that reads texts, ready to speak.

    Args:
        name: a `.nemo` file, or the name of a published model.
        device: where it goes.

    Raises:
        FileNotFoundError: there is no such file or model.
        ConfigError: it does something else; names its class.
    """
    model = _load(name, device, (SpectrogramGenerator, TextToWaveform))
    if not isinstance(model, SpectrogramGenerator | TextToWaveform):
        raise ConfigError(
            f"{name} is a {type(model).__name__}. Expected a model that reads texts, such as FastPitchModel, "
            "Tacotron2Model or VitsModel" + ("; give this one as the vocoder." if isinstance(model, Vocoder) else ".")
        )
    return model.eval()


def load_vocoder(name: str, device: Any = "cpu") -> Vocoder:
    """The model that turns spectrograms into audio; the arguments and errors are those of :func:`load_acoustic_model`.

    Raises:
        ConfigError: it is no vocoder; names its class.
    """
    model = _load(name, device, (Vocoder,))
    if not isinstance(model, Vocoder):
        raise ConfigError(
            f"{name} is a {type(model).__name__}. Expected a vocoder, such as HifiGanModel or UnivNetModel."
        )
    return model.eval()


def _load(name: str, device: Any, kinds: tuple[Any, ...]) -> Any:
    if Path(name).exists() or name.endswith(".nemo"):
        return ModelPT.restore_from(name, map_location=device)
    for kind in kinds[1:]:
        if any(name == info.pretrained_model_name for info in kind.list_available_models()):
            return kind.from_pretrained(name, map_location=device)
    return kinds[0].from_pretrained(name, map_location=device)
