"""Features of recordings, kept in files: mel spectrograms, pitch, energy. F frames, D mel bands.

A recording is given as a line of a manifest (a dict) and the folder where its name begins. See `feature_cache.py` for
the files; features that are not there yet are computed.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from nemo.collections.common.audio.mel import FilterbankFeatures
from nemo.collections.tts.data.feature_cache import FeatureCache
from nemo.collections.tts.data.padding import pad_together
from nemo.collections.tts.data.pitch import estimate_pitch
from nemo.collections.tts.data.utterances import Utterance
from nemo.collections.tts.data.volume import normalize_volume
from nemo.core.archive.targets import buildable_from_archives

Folder = str | os.PathLike[str]


@buildable_from_archives
class Featurizer(ABC):
    """Computes features of recordings and keeps them.

    Args:
        names: the key of a sample for each of :attr:`parts`; None leaves the part out.
        sample_rate: Hz.
        volume_norm: make the highest peak of each recording alike first.
        parameters: what the features depend on beside these.
    """

    parts: ClassVar[tuple[str, ...]]
    """What :meth:`compute` gives."""

    def __init__(
        self, names: Sequence[str | None], sample_rate: int, volume_norm: bool, parameters: Mapping[str, Any]
    ) -> None:
        self.names = dict(zip(self.parts, names, strict=True))
        self.sample_rate = sample_rate
        self.volume_norm = volume_norm
        self.parameters = {**parameters, "sample_rate": sample_rate, "volume_norm": volume_norm}

    @abstractmethod
    def compute(self, audio: Tensor) -> dict[str, np.ndarray]:
        """The features of audio [T], by part."""

    def save(
        self, manifest_entry: Mapping[str, Any], audio_dir: Folder, feature_dir: Folder, overwrite: bool = True
    ) -> None:
        """Computes the features of a recording and writes them.

        Args:
            manifest_entry: a line with `audio_filepath`.
            audio_dir: where its name begins.
            feature_dir: where features lie.
            overwrite: also where they are there already.
        """
        utterance = utterance_of(manifest_entry, audio_dir)
        path = self._cache(feature_dir).path(utterance)
        if overwrite and path is not None:
            path.unlink(missing_ok=True)
        self.of_utterance(utterance, feature_dir)

    def load(
        self, manifest_entry: Mapping[str, Any], audio_dir: Folder, feature_dir: Folder | None
    ) -> dict[str, Tensor]:
        """The features of a recording by name; they are computed where they are not in `feature_dir`."""
        return self.of_utterance(utterance_of(manifest_entry, audio_dir), feature_dir)

    def of_utterance(self, utterance: Utterance, feature_dir: Folder | None) -> dict[str, Tensor]:
        """As :meth:`load`."""

        def compute() -> dict[str, np.ndarray]:
            samples = utterance.samples(self.sample_rate)
            samples = normalize_volume(samples) if self.volume_norm else samples
            return self.compute(torch.from_numpy(samples.astype(np.float32)))

        found = self._cache(feature_dir).get(utterance, compute)
        return {name: torch.from_numpy(found[part]) for part, name in self.names.items() if name is not None}

    def collate_fn(self, train_batch: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """The features of samples, padded with zeros, and their numbers of frames as `<name>_lens`."""
        batch = {}
        for name in filter(None, self.names.values()):
            items = [sample[name] for sample in train_batch]
            batch[name] = pad_together(items)
            batch[f"{name}_lens"] = torch.tensor([item.shape[-1] for item in items])
        return batch

    def _cache(self, feature_dir: Folder | None) -> FeatureCache:
        kind = next(name for name in self.names.values() if name is not None)
        return FeatureCache(feature_dir, kind, self.parameters)


class MelSpectrogramFeaturizer(Featurizer):
    """Log-mel spectrograms [D, F].

    Args:
        feature_name: key of a sample.
        sample_rate: Hz.
        mel_dim: D.
        win_length: samples of a window, and of the Fourier transform.
        hop_length: samples between frames.
        lowfreq: Hz, lower edge.
        highfreq: Hz, upper edge; None: half the rate.
        log: take logarithms.
        log_zero_guard_type: add or clamp.
        log_zero_guard_value: what is added, or the least value.
        mel_norm: scale of the filters.
        volume_norm: make the highest peak of each recording alike first.
    """

    parts = ("mel_spec",)

    def __init__(
        self,
        feature_name: str = "mel_spec",
        sample_rate: int = 22050,
        mel_dim: int = 80,
        win_length: int = 1024,
        hop_length: int = 256,
        lowfreq: float = 0,
        highfreq: float | None = None,
        log: bool = True,
        log_zero_guard_type: str = "add",
        log_zero_guard_value: float = 1.0,
        mel_norm: str | None = None,
        volume_norm: bool = True,
    ) -> None:
        parameters = {key: value for key, value in locals().items() if key not in ("self", "__class__", "feature_name")}
        super().__init__([feature_name], sample_rate, volume_norm, parameters)
        self.hop_length = hop_length
        self.spectra = FilterbankFeatures(
            sample_rate=sample_rate,
            n_window_size=win_length,
            n_window_stride=hop_length,
            normalize=None,
            n_fft=win_length,
            preemph=None,
            nfilt=mel_dim,
            lowfreq=lowfreq,
            highfreq=highfreq,
            log=log,
            log_zero_guard_type=log_zero_guard_type,
            log_zero_guard_value=log_zero_guard_value,
            dither=0.0,
            pad_to=0,
            mag_power=1.0,
            mel_norm=mel_norm,
        ).eval()

    def compute(self, audio: Tensor) -> dict[str, np.ndarray]:
        """The spectrogram of audio [T]."""
        mel, _ = self.spectra(audio[None], torch.tensor([len(audio)]))
        return {"mel_spec": mel[0].numpy()}


class EnergyFeaturizer(Featurizer):
    """Energy of each frame [F]: the norm of a spectrogram.

    Args:
        spec_featurizer: computes the spectrogram; its logarithm, if it takes one, counts too.
        feature_name: key of a sample.
    """

    parts = ("energy",)

    def __init__(self, spec_featurizer: MelSpectrogramFeaturizer, feature_name: str = "energy") -> None:
        parameters = {"spectrogram": spec_featurizer.parameters}
        super().__init__([feature_name], spec_featurizer.sample_rate, spec_featurizer.volume_norm, parameters)
        self.spec_featurizer = spec_featurizer

    def compute(self, audio: Tensor) -> dict[str, np.ndarray]:
        """The energy of audio [T]."""
        return {"energy": np.linalg.norm(self.spec_featurizer.compute(audio)["mel_spec"], axis=0)}


class PitchFeaturizer(Featurizer):
    """Pitch in Hz [F], 0 without a voice, where there is one, and how probable that is; see `pitch.py`.

    Args:
        pitch_name: key of the pitch in a sample; None leaves it out.
        voiced_mask_name: key of the mask.
        voiced_prob_name: key of the probability.
        sample_rate: Hz.
        win_length: samples of a frame.
        hop_length: samples between frames.
        pitch_fmin: Hz, lowest pitch.
        pitch_fmax: Hz, highest.
        volume_norm: make the highest peak of each recording alike first.
        pitch_by: see :func:`~nemo.collections.tts.data.pitch.estimate_pitch`.
    """

    parts = ("pitch", "voiced_mask", "voiced_prob")

    def __init__(
        self,
        pitch_name: str | None = "pitch",
        voiced_mask_name: str | None = "voiced_mask",
        voiced_prob_name: str | None = None,
        sample_rate: int = 22050,
        win_length: int = 1024,
        hop_length: int = 256,
        pitch_fmin: float = 60.0,
        pitch_fmax: float = 640.0,
        volume_norm: bool = True,
        pitch_by: str = "yin",
    ) -> None:
        self.settings = {
            "hop_length": hop_length,
            "frame_length": win_length,
            "fmin": pitch_fmin,
            "fmax": pitch_fmax,
            "by": pitch_by,
        }
        super().__init__([pitch_name, voiced_mask_name, voiced_prob_name], sample_rate, volume_norm, self.settings)

    def compute(self, audio: Tensor) -> dict[str, np.ndarray]:
        """What is known of the voice in audio [T]."""
        found = estimate_pitch(audio, self.sample_rate, **self.settings)  # type: ignore[arg-type]
        return {"pitch": found.pitch, "voiced_mask": found.voiced, "voiced_prob": found.probability}


def utterance_of(manifest_entry: Mapping[str, Any], audio_dir: Folder) -> Utterance:
    """The recording of a line of a manifest."""
    path = os.path.join(audio_dir, manifest_entry["audio_filepath"])
    offset, duration = float(manifest_entry.get("offset") or 0.0), manifest_entry.get("duration")
    is_part = offset > 0 and duration is not None
    return Utterance(path, manifest_entry.get("text", ""), path, duration, offset, is_part=is_part)
