"""CTM: one word a line, ``RECORDING CHANNEL START DURATION WORD CONFIDENCE``; with a speaker, ``lex SPEAKER`` after it.

Seconds; NA stands for a confidence that is not known. Segments are not marked: what is read back is one for each
speaker in a row.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from nemo.collections.asr.inference.segment_files.clock import as_seconds, from_seconds
from nemo.collections.asr.inference.segments import Segment, Word, segment_of_words
from nemo.collections.common.exceptions import SegmentFileError
from nemo.utils.atomic import atomic_write

KINDS_OF_TOKENS = ("lex", "frag", "fp", "un-lex", "for-lex", "non-lex", "misc", "noscore")
"""What NIST's rules for transcripts (RT-09) let the last but one column say."""


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


def get_ctm_line(
    source: str,
    channel: int | str | None,
    start_time: float,
    duration: float,
    token: str,
    conf: float | None,
    type_of_token: str | None,
    speaker: str | None,
    NA_token: str = "NA",
    UNK: str = "unknown",
    default_channel: str = "1",
    output_precision: int = 2,
) -> str:
    """One line of a file after NIST's rules, with all eight columns.

    Args:
        source: name of the recording.
        channel: 1, or what else names it; None: `default_channel`.
        start_time: seconds.
        duration: seconds.
        token: the word.
        conf: from 0 to 1; None: not known.
        type_of_token: one of :data:`KINDS_OF_TOKENS`; None: `UNK`.
        speaker: None: not known.
        NA_token: stands for what is not known.
        UNK: stands for a kind that is not known.
        default_channel: the channel that is not named.
        output_precision: decimals of the numbers.

    Raises:
        SegmentFileError: a time below 0, a confidence outside 0 to 1, or another kind.
    """
    if start_time < 0 or duration < 0:
        raise SegmentFileError(
            f"the word {token!r} starts at {start_time} s and lasts {duration} s. Expected 0 or more."
        )
    if conf is not None and not 0 <= conf <= 1:
        raise SegmentFileError(f"the word {token!r} has the confidence {conf}. Expected a number from 0 to 1.")
    if type_of_token is not None and type_of_token not in (*KINDS_OF_TOKENS, UNK):
        raise SegmentFileError(f"type_of_token is {type_of_token!r}; it may be {', '.join(KINDS_OF_TOKENS)} or {UNK}.")
    columns = (
        _one_column(source),
        str(default_channel if channel is None else channel),
        f"{start_time:.{output_precision}f}",
        f"{duration:.{output_precision}f}",
        _one_column(token),
        NA_token if conf is None else f"{conf:.{output_precision}f}",
        type_of_token or UNK,
        NA_token if speaker is None else _one_column(speaker),
    )
    return " ".join(columns) + "\n"


def write_ctm(output_path: str | os.PathLike[str], target_ctm: Sequence[tuple[float, str]]) -> None:
    """Writes lines in the order of their times.

    Args:
        output_path: file to write, whole or not at all.
        target_ctm: pairs of a time, in seconds, and a line of :func:`get_ctm_line`.
    """
    with atomic_write(output_path) as temporary:
        lines = (line for _, line in sorted(target_ctm, key=lambda pair: pair[0]))
        Path(temporary).write_text("".join(lines), encoding="utf-8", newline="\n")


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
