"""What a manifest of voices lists: recordings with their texts, checked, with the place of each for messages.

    {"audio_filepath": "a.wav", "duration": 2.9, "text": "Nr. 9", "normalized_text": "number nine", "speaker": 0}

`normalized_text` is spoken in place of `text` where there is one; `is_phoneme` says that the text is phonemes already.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nemo.collections.common.audio.io import audio_duration, load_audio
from nemo.collections.common.audio.trim import trim_silence
from nemo.collections.common.data.manifest import FAULTS_SHOWN, ManifestEntry, ManifestPaths, get_full_path
from nemo.collections.common.data.manifest import read_manifest as read_entries
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


@dataclass
class Utterance:
    """A recording and what is spoken in it."""

    audio_file: str
    text: str
    place: str
    """Manifest and line."""
    duration: float | None = None
    """Seconds, if the manifest says."""
    offset: float = 0.0
    speaker: Any = None
    is_phoneme: bool = False
    mel_file: str | None = None
    """A spectrogram of it that some model predicted."""
    is_normalized: bool = False
    """Numbers and abbreviations of the text are written out."""
    is_part: bool = False
    """Only `duration` seconds from `offset` on are meant, not the whole file."""

    @property
    def stem(self) -> str:
        """Name of the recording without folder and ending."""
        return Path(self.audio_file).stem

    def length(self) -> float:
        """Seconds, from the file's header if the manifest does not say."""
        if self.duration is None:
            try:
                self.duration = audio_duration(self.audio_file) - self.offset
            except AudioFileError as error:
                raise AudioFileError(f"{self.place}: {error}") from error
        return self.duration

    def samples(self, sample_rate: int | None) -> np.ndarray:
        """The audio [T], at its own rate if none is asked for.

        Raises:
            AudioFileError: it cannot be read or has several channels; names the line.
        """
        try:
            samples = load_audio(self.audio_file, sample_rate, self.offset, self.duration if self.is_part else None)
        except AudioFileError as error:
            raise AudioFileError(f"{self.place}: {error}") from error
        if samples.ndim != 1:
            raise AudioFileError(
                f"{self.place}: {self.audio_file} has {samples.shape[1]} channels. Expected one; mix them: "
                "ffmpeg -i INPUT -ac 1 OUTPUT.wav."
            )
        return samples


@dataclass(frozen=True)
class Trimming:
    """How silence is cut from both ends; see :func:`~nemo.collections.common.audio.trim.trim_silence`."""

    enabled: bool = False
    ref: float | None = None
    """Amplitude that counts as 0 dB; None: the loudest frame."""
    top_db: float | None = None
    frame_length: int | None = None
    hop_length: int | None = None

    def __call__(self, samples: np.ndarray, place: str) -> np.ndarray:
        """The samples that remain.

        Raises:
            AudioFileError: nothing does.
        """
        if not self.enabled:
            return samples
        kept = trim_silence(
            samples,
            top_db=60.0 if self.top_db is None else self.top_db,
            ref=np.max if self.ref is None else self.ref,
            frame_length=self.frame_length or 2048,
            hop_length=self.hop_length or 512,
        )
        if kept.size == 0:
            raise AudioFileError(
                f"{place}: all of the recording is silence for trim_top_db {self.top_db}. Raise trim_top_db, set trim "
                "to false, or delete the line."
            )
        return kept


def read_utterances(manifests: ManifestPaths, *, with_text: bool = True) -> list[Utterance]:
    """The utterances of manifests, one after the other.

    Args:
        manifests: a path, several with commas between, or a list.
        with_text: whether a line without text is a fault.

    Raises:
        ManifestError: with the first faults; names file, line and key.
    """
    found, faults = [], []
    for entry in read_entries(manifests, require_duration=False):
        fault = _fault(entry, with_text)
        if fault:
            faults.append(f"{entry.place}: {fault}")
        else:
            found.append(_utterance(entry))
    raise_faults(faults)
    return found


def raise_faults(faults: Sequence[str]) -> None:
    """Raises one error of several.

    Raises:
        ManifestError: there are some.
    """
    if faults:
        rest = len(faults) - FAULTS_SHOWN
        raise ManifestError(
            "\n".join(faults[:FAULTS_SHOWN]) + (f"\n({rest} more lines have faults)" if rest > 0 else "")
        )


def between(
    utterances: Iterable[Utterance], min_duration: float | None, max_duration: float | None
) -> tuple[list[Utterance], float]:
    """Those that last neither shorter nor longer, and the seconds of the others."""
    if min_duration is None and max_duration is None:
        return list(utterances), 0.0
    low, high = min_duration or 0.0, float("inf") if max_duration is None else max_duration
    kept, left_out = [], 0.0
    for utterance in utterances:
        if low <= utterance.length() <= high:
            kept.append(utterance)
        else:
            left_out += utterance.length()
    return kept, left_out


def speaker_number(utterance: Utterance, names: dict[str, int] | None = None) -> int:
    """The number of the utterance's speaker.

    Args:
        utterance: of a manifest.
        names: numbers of names; None: the manifest has numbers.

    Raises:
        ManifestError: it is missing, unknown or no number; names the line.
    """
    speaker = utterance.speaker
    if speaker is None:
        raise ManifestError(f'{utterance.place} has no "speaker". Expected the voice; write it on each line.')
    if names is not None:
        if str(speaker) not in names:
            raise ManifestError(
                f'{utterance.place}: "speaker" is {speaker!r}, which the file of speakers does not have; it has '
                f"{len(names)}: {', '.join(list(names)[:5])}... Add it there."
            )
        return names[str(speaker)]
    try:
        number = int(speaker)
    except (TypeError, ValueError):
        number = -1
    if number < 0 or isinstance(speaker, float | bool):
        raise ManifestError(
            f'{utterance.place}: "speaker" is {speaker!r}. Expected the number of a voice, from 0 on; replace names by '
            "numbers, or use TextToSpeechDataset with speaker_path."
        )
    return number


def chosen(
    utterances: list[Utterance],
    min_duration: float | None,
    max_duration: float | None,
    ignore_file: str | None = None,
) -> list[Utterance]:
    """The utterances that last neither shorter nor longer, without those that a file lists; the log counts the others.

    Raises:
        ManifestError: none remains.
        ConfigError: the file cannot be read.
    """
    ignored: set[str] = set()
    if ignore_file is not None:
        ignored = _names(ignore_file)
    kept, seconds = between((each for each in utterances if each.stem not in ignored), min_duration, max_duration)
    if not kept:
        raise ManifestError(
            f"None of {len(utterances)} recordings remains with min_duration {min_duration}, max_duration "
            f"{max_duration} (seconds) and ignore_file {ignore_file}. Mend these."
        )
    if len(kept) < len(utterances):
        logger.info("%d of %d recordings are left out (%.0f s)", len(utterances) - len(kept), len(utterances), seconds)
    return kept


def encoded(tokenizer: Callable[[str], Sequence[int]], utterance: Utterance) -> list[int]:
    """The tokens of a text.

    Raises:
        ManifestError: there are none; names the line.
    """
    encode_phonemes = getattr(tokenizer, "encode_from_g2p", None)
    if utterance.is_phoneme and encode_phonemes is not None:
        tokens = list(encode_phonemes(utterance.text))
    else:
        tokens = list(tokenizer(utterance.text))
    space = getattr(tokenizer, "space", None)
    if all(token == space for token in tokens):
        raise ManifestError(
            f"{utterance.place}: nothing of the text {utterance.text!r} has a token. Expected letters that the "
            "tokenizer knows; mend the text, or delete the line."
        )
    return tokens


def _names(path: str) -> set[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return {line.strip() for line in file if line.strip()}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"ignore_file {path} cannot be read ({error}). Expected a text file with the name of a recording, without "
            "folder and ending, on each line."
        ) from error


def _fault(entry: ManifestEntry, with_text: bool) -> str | None:
    if not isinstance(entry.audio_file, str):
        return f'"audio_filepath" is a list of {len(entry.audio_file)}. Expected one recording; write its path.'
    if entry.normalized_text is not None and not isinstance(entry.normalized_text, str):
        return f'"normalized_text" is {entry.normalized_text!r}. Expected a string; write or delete it.'
    if with_text and not (entry.normalized_text or entry.text).strip():
        return '"text" is missing or empty. Expected what is spoken in the recording; write it, or delete the line.'
    mel = entry.extra.get("mel_filepath")
    if mel is not None and not isinstance(mel, str):
        return f'"mel_filepath" is {mel!r}. Expected the path of an array file; write one.'
    return None


def _utterance(entry: ManifestEntry) -> Utterance:
    mel = entry.extra.get("mel_filepath")
    return Utterance(
        str(entry.audio_file),
        entry.normalized_text or entry.text,
        entry.place,
        entry.duration,
        entry.offset,
        entry.speaker,
        bool(entry.extra.get("is_phoneme")),
        None if mel is None else str(get_full_path(mel, entry.manifest)),
        is_normalized=bool(entry.normalized_text),
        is_part=entry.offset > 0 and entry.duration is not None,
    )
