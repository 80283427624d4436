"""CTM: one word a line, ``RECORDING CHANNEL START DURATION WORD CONFIDENCE``; with a speaker, ``lex SPEAKER`` after it.

Seconds; NA stands for a confidence that is not known. Segments are not marked: what is read back is one for each
speaker in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from nemo.collections.asr.inference.segment_files.clock import as_seconds, from_seconds
from nemo.collections.asr.inference.segments import Segment, Word, segment_of_words
from nemo.collections.common.exceptions import SegmentFileError


def format_ctm(segments: Sequence[Segment], recording: str, channel: str = "1") -> str:
    """The lines of one recording.

    Args:
        segments: with words.
        recording: its name; white space in it becomes an underscore.
        channel: 1, or what else names it.

    Raises:
        SegmentFileError: a segment has text and no words.
    """
    lines = []
    for segment in segments:
        if segment.text.strip() and not segment.words:
            raise SegmentFileError(
                f"the segment {segment.text[:40]!r} of {recording} has no words with times, which CTM needs. "
                "Transcribe with timestamps of words, or write SRT, VTT or RTTM."
            )
        speaker = f" lex {_one_column(segment.speaker)}" if segment.speaker else ""
        for word in segment.words:
            start, end = as_seconds(word.start), as_seconds(word.end)
            duration = f"{max(0.0, float(end) - float(start)):.3f}"
            confidence = "NA" if word.confidence is None else f"{word.confidence:.4f}"
            columns = (_one_column(recording), channel, start, duration, _one_column(word.text), confidence)
            lines.append(" ".join(columns) + speaker + "\n")
    return "".join(lines)


def parse_ctm(text: str, name: str) -> dict[str, list[Segment]]:
    """The recordings of a file.

    Args:
        text: of the file; lines that begin with ``;;`` are comments.
        name: of the file, for errors.

    Raises:
        SegmentFileError: a line lacks a column, or has a number that is none.
    """
    words: dict[str, list[tuple[str | None, Word]]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        columns = line.split()
        if not columns or line.startswith(";;"):
            continue
        place = f"{name} line {number}"
        if len(columns) < 5:
            raise SegmentFileError(
                f"{place} has {len(columns)} columns: {line[:60]!r}. Expected RECORDING CHANNEL START DURATION WORD "
                "[CONFIDENCE]; mend it."
            )
        start, duration = from_seconds(columns[2], place), from_seconds(columns[3], place)
        confidence = from_seconds(columns[5], place) if len(columns) > 5 and columns[5] != "NA" else None
        word = Word(columns[4], start, round(start + duration, 3), confidence)
        words.setdefault(columns[0], []).append((columns[7] if len(columns) > 7 else None, word))
    return {
        recording: [
            segment_of_words([word for _, word in turn], speaker)
            for speaker, turn in groupby(entries, key=lambda entry: entry[0])
        ]
        for recording, entries in words.items()
    }


def _one_column(text: str) -> str:
    return "_".join(text.split()) or "_"
