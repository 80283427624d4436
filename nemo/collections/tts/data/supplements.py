"""What a batch has beside audio and text: spectrograms, durations, alignment priors, pitch, energy, voices.

Each kind is a class that computes its part of a sample; what is slow is kept in a folder. F frames, U tokens.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from nemo.collections.common.audio.mel import FilterbankFeatures
from nemo.collections.common.data.resumable_loader import SeededIndex
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.tts.data.alignment_prior import BetaBinomialInterpolator, beta_binomial_prior_distribution
from nemo.collections.tts.data.feature_cache import FeatureCache
from nemo.collections.tts.data.pitch import estimate_pitch
from nemo.collections.tts.data.utterances import Trimming, Utterance, speaker_number
from nemo.core.archive.plain import load_plain
from nemo.core.archive.side_files import read_arrays, read_json
from nemo.utils.exceptions import ConfigError
from nemo.utils.spelling import nearest

SAME_SPEAKER, ITSELF = REFERENCES = ("same-speaker", "ground-truth")
"""Which recording tells a model the voice: another one of the same speaker, or the one that it is to speak."""


@dataclass(frozen=True)
class FeatureSettings:
    """What features depend on; the names are the keys of a dataset's section."""

    sample_rate: int
    n_fft: int = 1024
    win_length: int = 1024
    hop_length: int = 256
    window: str = "hann"
    n_mels: int = 80
    lowfreq: float = 0
    highfreq: float | None = None
    pitch_fmin: float = 65.40639132514966
    pitch_fmax: float = 2093.004522404789
    pitch_by: str = "yin"
    """See :func:`~nemo.collections.tts.data.pitch.estimate_pitch`."""
    pitch_mean: float | None = None
    pitch_std: float | None = None
    pitch_norm: bool = False
    pitch_stats_path: str | None = None
    """JSON: for each speaker, or for "default", `pitch_mean` and `pitch_std`."""
    use_beta_binomial_interpolator: bool = False
    durs_file: str | None = None
    sup_data_path: str | None = None
    trimming: Trimming = Trimming()
    volume_norm: bool = False
    reference_audio_type: str = SAME_SPEAKER

    def frames(self, samples: int) -> int:
        """Frames of the model's spectrogram."""
        return samples // self.hop_length + 1

    def cache(self, kind: str, *keys: str) -> FeatureCache:
        """Where features are kept that depend on some of the settings, and on what is cut from recordings."""
        trimming = self.trimming if self.trimming.enabled else None
        parameters = {key: getattr(self, key) for key in ("sample_rate", "hop_length", *keys)}
        return FeatureCache(self.sup_data_path, kind, {**parameters, "trimming": trimming, "volume": self.volume_norm})


@dataclass
class Sample:
    """An utterance that has been read."""

    index: int
    utterance: Utterance
    audio: Tensor
    """[T]"""
    tokens: Tensor
    """[U]"""
    frames: int
    """F"""
    others: Callable[[int], Tensor] | None = field(default=None, repr=False)
    """The audio of another utterance."""


class Supplement(ABC):
    """One kind of data beside audio and text."""

    with_lengths: ClassVar[tuple[str, ...]] = ()
    """Names of tensors whose lengths a batch has too, as `<name>_lens`."""

    def __init__(self, settings: FeatureSettings, utterances: Sequence[Utterance]) -> None:
        self.settings = settings

    @abstractmethod
    def __call__(self, sample: Sample) -> dict[str, Tensor]:
        """Its tensors of a sample."""


class LogMel(Supplement):
    """`log_mel` [D, F]: the logarithm of mel filters' output."""

    with_lengths = ("log_mel",)

    def __init__(self, settings: FeatureSettings, utterances: Sequence[Utterance]) -> None:
        super().__init__(settings, utterances)
        keys = ("n_fft", "win_length", "window", "n_mels", "lowfreq", "highfreq")
        self.cache = settings.cache("log_mel", *keys)
        self.spectra = spectra_of(settings)

    def __call__(self, sample: Sample) -> dict[str, Tensor]:
        """Its tensors of a sample."""

        def compute() -> dict[str, np.ndarray]:
            mel, _ = self.spectra(sample.audio[None], torch.tensor([len(sample.audio)]))
            return {"log_mel": mel[0].numpy()}

        return tensors(self.cache.get(sample.utterance, compute))


class Energy(Supplement):
    """`energy` [F]: the norm of each frame's magnitudes."""

    with_lengths = ("energy",)

    def __init__(self, settings: FeatureSettings, utterances: Sequence[Utterance]) -> None:
        super().__init__(settings, utterances)
        self.cache = settings.cache("energy", "n_fft", "win_length", "window")
        self.spectra = spectra_of(settings)

    def __call__(self, sample: Sample) -> dict[str, Tensor]:
        """Its tensors of a sample."""
        return tensors(
            self.cache.get(sample.utterance, lambda: {"energy": energy_of(sample.audio, self.spectra).numpy()})
        )


class AlignPriorMatrix(Supplement):
    """`align_prior_matrix` [F, U]: how likely each token is in each frame; see `alignment_prior.py`."""

    def __init__(self, settings: FeatureSettings, utterances: Sequence[Utterance]) -> None:
        super().__init__(settings, utterances)
        self.interpolator = BetaBinomialInterpolator() if settings.use_beta_binomial_interpolator else None

    def __call__(self, sample: Sample) -> dict[str, Tensor]:
        """Its tensors of a sample."""
        tokens = len(sample.tokens)
        if self.interpolator is not None:
            prior = self.interpolator(sample.frames, tokens)
        else:  # computing it takes less than reading a file
            prior = beta_binomial_prior_distribution(tokens, sample.frames)
        return {"align_prior_matrix": torch.from_numpy(prior)}


class Voicing(Supplement):
    """Base of what is known of the voice in each frame; all kinds share one file."""

    names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: FeatureSettings, utterances: Sequence[Utterance]) -> None:
        super().__init__(settings, utterances)
        self.cache = settings.cache("pitch", "win_length", "pitch_fmin", "pitch_fmax", "pitch_by")

    def track(self, sample: Sample) -> dict[str, Tensor]:
        """`pitch` [F] in Hz, 0 without a voice; `voiced_mask` and `p_voiced` [F]."""

        def compute() -> dict[str, np.ndarray]:
            found = estimate_pitch(
                sample.audio,
                self.settings.sample_rate,
                self.settings.hop_length,
                self.settings.win_length,
                self.settings.pitch_fmin,
                self.settings.pitch_fmax,
                self.settings.pitch_by,
            )
            return {"pitch": found.pitch, "voiced_mask": found.voiced, "p_voiced": found.probability}

        return tensors(self.cache.get(sample.utterance, compute))

    def __call__(self, sample: Sample) -> dict[str, Tensor]:
        """Its tensors of a sample."""
        track = self.track(sample)
        return {name: track[name] for name in self.names}


class VoicedMask(Voicing):
    """`voiced_mask` [F]: True where there is a voice."""

    names = ("voiced_mask",)


class VoicedProbability(Voicing):
    """`p_voiced` [F]: how probable it is that there is one."""

    names = ("p_voiced",)


class Pitch(Voicing):
    """`pitch` [F]: normalised if `pitch_norm` is on, else in Hz; 0 where there is no voice."""

    names = ("pitch",)
    with_lengths = ("pitch",)

    def __init__(self, settings: FeatureSettings, utterances: Sequence[Utterance]) -> None:
        super().__init__(settings, utterances)
        self.statistics: dict[str, tuple[float, float]] = {}
        if not settings.pitch_norm:
            return
        if settings.pitch_stats_path is not None:
            self.statistics = read_pitch_statistics(settings.pitch_stats_path)
        elif settings.pitch_mean is None or not settings.pitch_std:
            raise ConfigError(
                f"pitch_norm is true, pitch_mean is {settings.pitch_mean} and pitch_std {settings.pitch_std}. Expected "
                "both, or pitch_stats_path; scripts/dataset_processing/tts/extract_sup_data.py computes them."
            )
        else:
            self.statistics = {"default": (settings.pitch_mean, settings.pitch_std)}

    def __call__(self, sample: Sample) -> dict[str, Tensor]:
        """Its tensors of a sample."""
        pitch = self.track(sample)["pitch"]
        if not self.settings.pitch_norm:
            return {"pitch": pitch}
        mean, deviation = self._statistics(sample.utterance)
        return {"pitch": torch.where(pitch > 0, (pitch - mean) / deviation, torch.zeros_like(pitch))}

    def _statistics(self, utterance: Utterance) -> tuple[float, float]:
        known = self.statistics.get(str(utterance.speaker)) or self.statistics.get("default")
        if known is None:
            raise ManifestError(
                f"{utterance.place}: {self.settings.pitch_stats_path} has no pitch of the speaker "
                f"{utterance.speaker!r}; it has {', '.join(list(self.statistics)[:5])}. Compute it with "
                'scripts/dataset_processing/tts/compute_speaker_stats.py, or give "default".'
            )
        return known


class SpeakerID(Supplement):
    """`speaker_id` []: the number of the voice."""

    def __init__(self, settings: FeatureSettings, utterances: Sequence[Utterance]) -> None:
        super().__init__(settings, utterances)
        for utterance in utterances:
            speaker_number(utterance)

    def __call__(self, sample: Sample) -> dict[str, Tensor]:
        """Its tensors of a sample."""
        return {"speaker_id": torch.tensor(speaker_number(sample.utterance))}


class Durations(Supplement):
    """`durations` [U] frames of each token, from `durs_file`: arrays by the recording's name without ending."""

    def __init__(self, settings: FeatureSettings, utterances: Sequence[Utterance]) -> None:
        super().__init__(settings, utterances)
        if settings.durs_file is None:
            raise ConfigError(
                "sup_data_types has durations and durs_file is missing. Expected a .pt or .npz file with the durations "
                "of each recording; give it, or let FastPitch learn them (learn_alignment: true)."
            )
        self.known: Mapping[str, Any] = (
            read_arrays(settings.durs_file)
            if Path(settings.durs_file).suffix == ".npz"
            else load_plain(settings.durs_file)
        )

    def __call__(self, sample: Sample) -> dict[str, Tensor]:
        """Its tensors of a sample."""
        utterance = sample.utterance
        if utterance.stem not in self.known:
            raise ManifestError(f"{utterance.place}: {self.settings.durs_file} has no durations of {utterance.stem}.")
        durations = torch.as_tensor(self.known[utterance.stem]).long()
        if durations.shape != sample.tokens.shape or int(durations.sum()) != sample.frames:
            raise ManifestError(
                f"{utterance.place}: {self.settings.durs_file} has {durations.numel()} durations of {utterance.stem}, "
                f"together {int(durations.sum())} frames. Its text has {len(sample.tokens)} tokens and its audio "
                f"{sample.frames} frames; make the durations with this tokenizer and hop_length."
            )
        return {"durations": durations}


class ReferenceAudio(Supplement):
    """`reference_audio` [T]: another recording of the same voice, drawn anew each time, or the recording itself."""

    with_lengths = ("reference_audio",)

    def __init__(self, settings: FeatureSettings, utterances: Sequence[Utterance]) -> None:
        super().__init__(settings, utterances)
        if settings.reference_audio_type not in REFERENCES:
            raise ConfigError(
                f"reference_audio_type is {settings.reference_audio_type!r}. Expected {' or '.join(REFERENCES)}."
            )
        self.of_speaker: dict[str, list[int]] = {}
        if settings.reference_audio_type == ITSELF:
            return
        for number, utterance in enumerate(utterances):
            if utterance.speaker is None:
                raise ManifestError(f'{utterance.place} has no "speaker", which reference_audio needs. Write it.')
            self.of_speaker.setdefault(str(utterance.speaker), []).append(number)

    def __call__(self, sample: Sample) -> dict[str, Tensor]:
        """Its tensors of a sample."""
        if self.settings.reference_audio_type == ITSELF:
            return {"reference_audio": sample.audio}
        same_voice = self.of_speaker[str(sample.utterance.speaker)]
        others = [number for number in same_voice if number != int(sample.index)] or same_voice
        chooser = random.Random(sample.index.seed) if isinstance(sample.index, SeededIndex) else random
        assert sample.others is not None  # the dataset gives it
        return {"reference_audio": sample.others(chooser.choice(others))}


KINDS: dict[str, type[Supplement]] = {
    "log_mel": LogMel,
    "durations": Durations,
    "align_prior_matrix": AlignPriorMatrix,
    "pitch": Pitch,
    "energy": Energy,
    "speaker_id": SpeakerID,
    "voiced_mask": VoicedMask,
    "p_voiced": VoicedProbability,
    "reference_audio": ReferenceAudio,
}
"""What `sup_data_types` may name."""

WITH_LENGTHS = {name for kind in KINDS.values() for name in kind.with_lengths}


def build_supplements(
    names: Sequence[str], settings: FeatureSettings, utterances: Sequence[Utterance]
) -> list[Supplement]:
    """The kinds that are named.

    Raises:
        ConfigError: there is no such kind, or it lacks a setting.
        ManifestError: an utterance lacks what a kind needs.
    """
    for name in names:
        if name not in KINDS:
            meant = nearest(name, KINDS)
            hint = f" Did you mean {meant}?" if meant else ""
            raise ConfigError(f"sup_data_types has {name!r}. Expected some of {', '.join(KINDS)}.{hint}")
    return [KINDS[name](settings, utterances) for name in dict.fromkeys(names)]


def spectra_of(settings: FeatureSettings) -> FilterbankFeatures:
    """What computes spectrograms and log-mel spectrograms by the settings."""
    return FilterbankFeatures(
        sample_rate=settings.sample_rate,
        n_window_size=settings.win_length,
        n_window_stride=settings.hop_length,
        window=settings.window,
        normalize=None,
        n_fft=settings.n_fft,
        preemph=None,
        nfilt=settings.n_mels,
        lowfreq=settings.lowfreq,
        highfreq=settings.highfreq,
        log_zero_guard_type="clamp",
        log_zero_guard_value="tiny",
        dither=0.0,
        pad_to=0,
        mag_power=1.0,
    ).eval()


def energy_of(audio: Tensor, spectra: FilterbankFeatures) -> Tensor:
    """[T] -> [F], the norm of each frame's magnitudes."""
    magnitudes, _ = spectra(audio[None], torch.tensor([len(audio)]), linear_spec=True)
    return torch.linalg.vector_norm(magnitudes[0], dim=0)


def tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Arrays as tensors."""
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def check_fit(sample: Sample, hop_length: int) -> None:
    """Refuses a text with more tokens than its recording has frames: no alignment of them exists.

    Raises:
        AudioFileError: names the line.
    """
    if len(sample.tokens) > sample.frames:
        utterance = sample.utterance
        raise AudioFileError(
            f"{utterance.place}: the text has {len(sample.tokens)} tokens and {utterance.audio_file} only "
            f"{sample.frames} frames of {hop_length} samples. Expected at least one frame for each token; check that "
            "text and recording belong together, or leave the line out with min_duration or ignore_file."
        )


def read_pitch_statistics(path: str) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of the pitch of each speaker, in Hz.

    Raises:
        ConfigError: the file does not exist or lacks a number.
    """
    if not Path(path).is_file():
        raise ConfigError(
            f"The pitch statistics {path} do not exist. Make them with "
            "scripts/dataset_processing/tts/compute_speaker_stats.py, or mend pitch_stats_path."
        )
    found = {}
    for speaker, values in read_json(path).items():
        try:
            found[speaker] = float(values["pitch_mean"]), float(values["pitch_std"])
        except (TypeError, KeyError, ValueError):
            raise ConfigError(
                f"{path}: the entry {speaker!r} is {values!r}. Expected pitch_mean and pitch_std, in Hz."
            ) from None
    return found
