"""When tokens, words and segments were said.

Offsets are encoder frames: ``start_offset`` is the first frame, ``end_offset`` the one after the last. ``start`` and
``end`` are seconds, there once somebody who knows how long a frame is has called :func:`add_seconds`.

    {"timestep": [3, 5],
     "char": [{"char": "h", "start_offset": 3, "end_offset": 5, "start": 0.06, "end": 0.1}, ...],
     "word": [{"word": "hi", "start_offset": 3, ...}],
     "segment": [{"segment": "hi.", ...}]}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nemo.collections.asr.decoding.ctc_greedy import FoldedPath
from nemo.collections.asr.decoding.vocabulary import Vocabulary

Offset = dict[str, Any]

TIMESTAMP_TYPES = ("char", "word", "segment", "all")


def compute_timestamps(
    path: FoldedPath,
    vocabulary: Vocabulary,
    kind: str = "all",
    segment_separators: Sequence[str] = (".", "!", "?"),
    segment_gap_threshold: int | None = None,
) -> dict[str, Any]:
    """Frames of the tokens, words and segments of one utterance.

    Args:
        path: tokens with their frames.
        vocabulary: makes text of them and groups them into words.
        kind: ``char``, ``word``, ``segment`` or ``all``.
        segment_separators: a word that ends in one of them ends its segment.
        segment_gap_threshold: frames of silence between two words from which on a new segment begins; None: any length.
    """
    stamps: dict[str, Any] = {"timestep": list(path.starts)}
    if kind in ("char", "all"):
        stamps["char"] = [
            {"char": vocabulary.ids_to_text([token]), "start_offset": start, "end_offset": end}
            for token, start, end in zip(path.tokens, path.starts, path.ends, strict=True)
        ]
    if kind == "char":
        return stamps
    words = word_offsets(path, vocabulary)
    if kind in ("word", "all"):
        stamps["word"] = words
    if kind in ("segment", "all"):
        stamps["segment"] = segment_offsets(words, segment_separators, segment_gap_threshold)
    return stamps


def word_offsets(path: FoldedPath, vocabulary: Vocabulary) -> list[Offset]:
    """One entry a word, as many as the words of the text."""
    return [
        {
            "word": vocabulary.ids_to_text(path.tokens[first:end]).strip(),
            "start_offset": path.starts[first],
            "end_offset": path.ends[end - 1],
        }
        for first, end in vocabulary.word_spans(path.tokens)
    ]


def segment_offsets(words: Sequence[Offset], separators: Sequence[str], gap_threshold: int | None) -> list[Offset]:
    """Groups words into segments; every word is in exactly one, in order."""
    segments: list[list[Offset]] = []
    is_open = False
    for word in words:
        if is_open and gap_threshold is not None:
            is_open = word["start_offset"] - segments[-1][-1]["end_offset"] < gap_threshold
        if not is_open:
            segments.append([])
        segments[-1].append(word)
        is_open = not any(separator and word["word"].endswith(separator) for separator in separators)
    return [
        {
            "segment": " ".join(word["word"] for word in segment),
            "start_offset": segment[0]["start_offset"],
            "end_offset": segment[-1]["end_offset"],
        }
        for segment in segments
    ]


def add_seconds(stamps: dict[str, Any], frame_seconds: float, duration_seconds: float = float("inf")) -> None:
    """Puts ``start`` and ``end`` in seconds into every entry of `stamps`.

    Args:
        stamps: what :func:`compute_timestamps` returned; changed in place.
        frame_seconds: length of one encoder frame.
        duration_seconds: length of the recording; the last frame may reach beyond it, no time does.
    """
    for kind in ("char", "word", "segment"):
        for entry in stamps.get(kind, ()):
            entry["start"] = round(min(entry["start_offset"] * frame_seconds, duration_seconds), 4)
            entry["end"] = round(min(entry["end_offset"] * frame_seconds, duration_seconds), 4)
