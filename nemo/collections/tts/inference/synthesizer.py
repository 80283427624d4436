"""Texts to speech with trained models.

text -> normalised -> sentences -> tokens [U] -> audio of each [T] -> joined, with pauses
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch

from nemo.collections.tts.inference.manner import Manner
from nemo.collections.tts.inference.sentences import LONGEST, split_sentences
from nemo.collections.tts.inference.voices import Piece, TwoModelVoice, voice_of
from nemo.collections.tts.inference.wav_file import write_wav
from nemo.collections.tts.models.base import Vocoder
from nemo.utils.exceptions import ConfigError, NonFiniteError

logger = logging.getLogger(__name__)


@dataclass
class Spoken:
    """What was made of a text."""

    text: str
    audio: np.ndarray
    """[T] float32, about -1 to 1."""
    sample_rate: int
    """Hz."""
    sentences: list[str]
    """As they went to the model."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.audio) / self.sample_rate

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a 16-bit WAV file; see :func:`~nemo.collections.tts.inference.wav_file.write_wav`."""
        write_wav(path, self.audio, self.sample_rate)


class Synthesizer:
    """Speaks texts of any length.

    Args:
        model: FastPitch, Tacotron 2 or another model of spectrograms, or VITS or another that makes audio.
        vocoder: turns spectrograms into audio; None: Griffin-Lim, which says so in the log.
        batch_size: sentences that the model computes together. On a GPU more are faster; the ends of shorter ones then
            differ a little from those of a sentence alone.
        longest_sentence: characters; what is longer is cut at commas.
        pause_seconds: silence between sentences.

    Raises:
        ConfigError: the vocoder is for other spectrograms, or a setting is wrong.
    """

    def __init__(
        self,
        model: Any,
        vocoder: Vocoder | None = None,
        batch_size: int = 1,
        longest_sentence: int = LONGEST,
        pause_seconds: float = 0.25,
    ) -> None:
        if batch_size < 1 or longest_sentence < 1 or not 0 <= pause_seconds < float("inf"):
            raise ConfigError(
                f"batch_size is {batch_size}, longest_sentence {longest_sentence} and pause_seconds {pause_seconds}. "
                "Expected at least 1, 1 and 0."
            )
        self.voice = voice_of(model.eval(), None if vocoder is None else vocoder.eval())
        if vocoder is None and isinstance(self.voice, TwoModelVoice):
            logger.warning("No vocoder is given: Griffin-Lim makes the audio, which sounds metallic.")
        self.model = model
        self.batch_size, self.longest_sentence, self.pause_seconds = batch_size, longest_sentence, pause_seconds

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return self.voice.sample_rate

    def speak(self, text: str, speaker: int | None = None, **manner: Any) -> Spoken:
        """A text as audio; the arguments and errors are those of :meth:`speak_all`."""
        (spoken,) = self.speak_all([text], speaker, **manner)
        return spoken

    @torch.inference_mode()
    def _audio(self, pieces: Sequence[Piece], manner: Manner) -> list[np.ndarray]:
        audio = [each.float().cpu().numpy() * np.float32(manner.volume) for each in self.voice.speak(pieces, manner)]
        for piece, samples in zip(pieces, audio, strict=True):
            if not len(samples) or not np.isfinite(samples).all():
                problem = "is spoken in no time" if not len(samples) else "gives audio that is not finite"
                raise NonFiniteError(
                    f"{piece.sentence!r} {problem}. Expected speech; the model is untrained or has diverged, or the "
                    f"pace {manner.pace} is too high."
                )
        return audio

    def speak_all(
        self,
        texts: Iterable[str],
        speaker: int | Sequence[int | None] | None = None,
        *,
        pace: float = 1.0,
        pitch: float = 0.0,
        volume: float = 1.0,
        normalize: bool = True,
    ) -> Iterator[Spoken]:
        """Texts as audio, in order, each as soon as it is done.

        Args:
            texts: what is to be said; sentences are spoken one by one and joined.
            speaker: id of the voice, or of each text's, where a model has several.
            pace: speed; above 1 is faster.
            pitch: semitones that the voice is raised (FastPitch).
            volume: factor of the samples.
            normalize: write out numbers and abbreviations, where the model has a normaliser.

        Raises:
            ConfigError: a text has nothing that the model can say, the model has no such voice, or it cannot do what
                is asked for.
            NonFiniteError: what the model makes is no audio.
        """
        manner = Manner(pace, pitch, volume)
        said: dict[int, tuple[str, list[str]]] = {}
        audio: dict[int, list[np.ndarray]] = {}
        first = 0
        pieces = self._pieces(texts, speaker, normalize, said)
        while batch := list(islice(pieces, self.batch_size)):
            numbers = [number for number, _ in batch]
            for number, samples in zip(numbers, self._audio([piece for _, piece in batch], manner), strict=True):
                audio.setdefault(number, []).append(samples)
            while first in said and len(audio.get(first, ())) == len(said[first][1]):
                text, sentences = said.pop(first)
                yield Spoken(text, self._joined(audio.pop(first)), self.sample_rate, sentences)
                first += 1

    def _pieces(
        self, texts: Iterable[str], speaker: Any, normalize: bool, said: dict[int, tuple[str, list[str]]]
    ) -> Iterator[tuple[int, Piece]]:
        """The sentences of all texts, with the texts' numbers; what texts are made of goes to `said`."""
        normalizer = (
            self.model.text_normalizer_call if normalize and hasattr(self.model, "text_normalizer_call") else None
        )
        for number, text in enumerate(texts):
            voice = speaker[number] if isinstance(speaker, Sequence) else speaker
            written = normalizer(text) if normalizer is not None else text
            sentences = split_sentences(written, self.longest_sentence) or [written]
            said[number] = (text, sentences)
            for sentence in sentences:
                yield number, Piece(sentence, self.model.parse(sentence, normalize=False)[0], voice)

    def _joined(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        pause = np.zeros(round(self.pause_seconds * self.sample_rate), np.float32)
        joined = [each for part in parts for each in (part, pause)]
        return np.concatenate(joined[:-1])
