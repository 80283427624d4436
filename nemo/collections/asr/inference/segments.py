"""What was said when, and by whom: the one type that subtitles, alignments and diarizations are written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.utils.exceptions import ConfigError


@dataclass(frozen=True)
class Word:
    """One word."""

    text: str
    start: float
    """Seconds, as all times here."""
    end: float
    confidence: float | None = None
    """In [0, 1]; None: not known."""


@dataclass(frozen=True)
class Segment:
    """A sentence, a subtitle, or a turn of one speaker."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()
    """In order; empty where their times are not known."""
    speaker: str | None = None
    confidence: float | None = None


def segments_of(hypothesis: Hypothesis) -> list[Segment]:
    """The segments of a transcript, with its words.

    Args:
        hypothesis: of ``transcribe(timestamps=True)``.

    Returns:
        Segments in order; empty for an empty transcript. Their words are those of the text, each in one segment.

    Raises:
        ConfigError: the hypothesis has no times of words or segments in seconds.
    """
    times = hypothesis.timestep
    if not str(hypothesis).strip():
        return []
    if not isinstance(times, dict) or not ("segment" in times or "word" in times):
        raise ConfigError(
            f"the transcript {str(hypothesis)[:40]!r} has no times of words or segments. Expected those of "
            "transcribe(..., timestamps=True), with a decoding whose timestamp type is all, segment or word."
        )
    words = _words(times.get("word", []), hypothesis.word_confidence)
    if "segment" not in times:
        return [segment_of_words(words)] if words else []
    segments, first = [], 0
    for entry in times["segment"]:
        end = first + len(entry["segment"].split())
        segments.append(Segment(entry["segment"], entry["start"], entry["end"], tuple(words[first:end])))
        first = end
    return [replace(segment, confidence=_mean_confidence(segment.words)) for segment in segments]


def segment_of_words(words: Sequence[Word], speaker: str | None = None) -> Segment:
    """The segment that consists of `words`, at least one."""
    text = " ".join(word.text for word in words)
    return Segment(text, words[0].start, words[-1].end, tuple(words), speaker, _mean_confidence(words))


def split_segments(
    segments: Sequence[Segment], max_seconds: float = 7.0, max_characters: int = 84, max_pause: float = 1.0
) -> list[Segment]:
    """Splits segments between words, so that each can be read as a subtitle.

    Args:
        segments: those without words stay as they are.
        max_seconds: of one part; a single word may be longer.
        max_characters: of one part (two lines of 42 are usual); a single word may be longer.
        max_pause: seconds between two words from which on they are in different parts.

    Returns:
        Parts whose words, one after the other, are those of `segments`.
    """
    parts: list[Segment] = []
    for segment in segments:
        if not segment.words:
            parts.append(segment)
            continue
        groups = [[segment.words[0]]]
        for before, word in pairwise(segment.words):
            characters = sum(len(each.text) + 1 for each in groups[-1]) + len(word.text)
            is_too_much = characters > max_characters or word.end - groups[-1][0].start > max_seconds
            if is_too_much or word.start - before.end >= max_pause:
                groups.append([])
            groups[-1].append(word)
        parts += [segment] if len(groups) == 1 else [segment_of_words(group, segment.speaker) for group in groups]
    return parts


def _words(entries: Sequence[dict[str, Any]], confidences: Sequence[float] | None) -> list[Word]:
    known = confidences if confidences is not None and len(confidences) == len(entries) else [None] * len(entries)
    return [
        Word(entry["word"], entry["start"], entry["end"], None if confidence is None else float(confidence))
        for entry, confidence in zip(entries, known, strict=True)
    ]


def _mean_confidence(words: Sequence[Word]) -> float | None:
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else None
