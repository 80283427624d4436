"""Which perturbations are applied, how often, and how a config names them."""

from __future__ import annotations

import importlib
import inspect
import random
from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.segment import AudioSegment
from nemo.utils.exceptions import ConfigError
from nemo.utils.spelling import nearest

_PACKAGE = "nemo.collections.common.audio.perturb"
_KINDS: dict[str, str] = {
    "speed": "speed.SpeedPerturbation",
    "gain": "gain.GainPerturbation",
    "white_noise": "white_noise.WhiteNoisePerturbation",
    "shift": "shift.ShiftPerturbation",
    "silence": "silence.SilencePerturbation",
    "noise": "noise.NoisePerturbation",
    "noise_norm": "noise_norm.NoiseNormPerturbation",
    "impulse": "impulse.ImpulsePerturbation",
    "rir_noise_aug": "rir_and_noise.RirAndNoisePerturbation",
    "time_stretch": "time_stretch.TimeStretchPerturbation",
    "transcode_aug": "transcode.TranscodePerturbation",
    "random_segment": "random_segment.RandomSegmentPerturbation",
}
_registered: dict[str, type[Perturbation]] = {}


class AudioAugmentor:
    """Applies perturbations one after another, each with its probability.

    Args:
        perturbations: pairs of probability and perturbation; anything with `perturb(segment)` will do.
        rng: seed; None takes one from Python's generator.
    """

    def __init__(self, perturbations: Sequence[tuple[float, Any]] | None = None, rng: int | None = None) -> None:
        self._seed = rng
        self._rng = random.Random(random.getrandbits(62) if rng is None else rng)
        self._pipeline = list(perturbations or [])

    def reseed(self, seed: int | None = None) -> None:
        """Makes the next random numbers a function of `seed`.

        None takes one from Python's generator, which PyTorch seeds differently in each of a loader's workers.
        """
        source = random.Random(random.getrandbits(62) if seed is None else seed)
        self._rng.seed(hash((source.getrandbits(62), self._seed or 0)))
        for _, perturbation in self._pipeline:
            if isinstance(perturbation, Perturbation):
                perturbation.reseed(source.getrandbits(62))

    def perturb(self, segment: AudioSegment) -> None:
        """Changes `segment` in place."""
        for probability, perturbation in self._pipeline:
            if self._rng.random() < probability:
                perturbation.perturb(segment)

    def max_augmentation_length(self, length: float) -> float:
        """The longest that audio of this length can become."""
        for _, perturbation in self._pipeline:
            if isinstance(perturbation, Perturbation):
                length = perturbation.max_augmentation_length(length)
        return length

    @classmethod
    def from_config(cls, config: Sequence[Mapping[str, Any]]) -> AudioAugmentor:
        """Builds one from a list of ``{"aug_type": name, "prob": ..., "cfg": {options}}``."""
        pipeline = []
        for item in config:
            options = {"prob": item.get("prob"), **(item.get("cfg") or {})}
            pipeline.append(_build(str(item.get("aug_type")), options))
        return cls(pipeline)


def register_perturbation(name: str, perturbation: type[Perturbation]) -> None:
    """Makes `perturbation` known to configs as `name`.

    Raises:
        ConfigError: the name is taken.
    """
    if name in _KINDS or name in _registered:
        raise ConfigError(f"There is a perturbation {name!r} already. Choose another name.")
    _registered[name] = perturbation


def process_augmentations(
    augmenter: AudioAugmentor | DictConfig | Mapping[str, Any] | None, global_rank: int = 0, world_size: int = 1
) -> AudioAugmentor | None:
    """Builds the augmentor of a dataset section.

    Args:
        augmenter: name -> options with `prob` (``{"speed": {"prob": 0.5, "sr": 16000}}``); an augmentor is returned
            as it is, None or an empty section gives None.
        global_rank: not used; every rank augments its own samples.
        world_size: not used.

    Raises:
        ConfigError: a name or an option is unknown, or `prob` is missing or no probability.
    """
    if augmenter is None or isinstance(augmenter, AudioAugmentor):
        return augmenter
    section = OmegaConf.to_container(augmenter, resolve=True) if OmegaConf.is_config(augmenter) else augmenter
    if not isinstance(section, Mapping):
        raise ConfigError(
            f"augmentor is {section!r}. Expected perturbations by name; write `speed: {{prob: 0.5, ...}}`."
        )
    pipeline = [_build(str(name), dict(options or {})) for name, options in section.items()]
    return AudioAugmentor(pipeline) if pipeline else None


def _build(name: str, options: dict[str, Any]) -> tuple[float, Perturbation]:
    kind = _kind(name)
    probability = options.pop("prob", None)
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0.0 <= probability <= 1.0:
        raise ConfigError(f"augmentor.{name}.prob is {probability!r}. Expected a probability between 0 and 1; set it.")
    known = [key for key in inspect.signature(kind).parameters if key != "self"]
    for key in options:
        if key not in known:
            raise ConfigError(
                f"augmentor.{name} has the key {key!r}. Expected some of {', '.join(known)} and prob; did you mean "
                f"{nearest(key, known) or 'one of them'}?"
            )
    try:
        return float(probability), kind(**options)
    except TypeError as error:
        raise ConfigError(f"augmentor.{name} cannot be built: {error}. Give what is missing.") from error


def _kind(name: str) -> type[Perturbation]:
    if name in _registered:
        return _registered[name]
    if name not in _KINDS:
        known = [*_KINDS, *_registered]
        raise ConfigError(
            f"augmentor has {name!r}. Expected some of {', '.join(known)}; did you mean "
            f"{nearest(name, known) or 'one of them'}?"
        )
    module, _, cls = _KINDS[name].partition(".")
    return getattr(importlib.import_module(f"{_PACKAGE}.{module}"), cls)
