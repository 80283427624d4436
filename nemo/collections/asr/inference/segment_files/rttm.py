"""RTTM: who speaks when, ``SPEAKER RECORDING 1 START DURATION <NA> <NA> SPEAKER CONFIDENCE <NA>``. No text."""

from __future__ import annotations

from collections.abc import Sequence

from nemo.collections.asr.inference.segment_files.clock import as_seconds, from_seconds
from nemo.collections.asr.inference.segments import Segment
from nemo.collections.common.exceptions import SegmentFileError

NOT_KNOWN = "<NA>"


def format_rttm(segments: Sequence[Segment], recording: str) -> str:
    """The lines of one recording; white space in names becomes an underscore."""
    lines = []
    for segment in segments:
        start, end = as_seconds(segment.start), as_seconds(segment.end)
        duration = f"{max(0.0, float(end) - float(start)):.3f}"
        speaker = "_".join(segment.speaker.split()) if segment.speaker else NOT_KNOWN
        confidence = NOT_KNOWN if segment.confidence is None else f"{segment.confidence:.4f}"
        name = "_".join(recording.split())
        lines.append(
            f"SPEAKER {name} 1 {start} {duration} {NOT_KNOWN} {NOT_KNOWN} {speaker} {confidence} {NOT_KNOWN}\n"
        )
    return "".join(lines)


def parse_rttm(text: str, name: str) -> dict[str, list[Segment]]:
    """The recordings of a file; lines of other kinds than SPEAKER are left out.

    Raises:
        SegmentFileError: a line lacks a column, or has a number that is none.
    """
    segments: dict[str, list[Segment]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        columns = line.split()
        if not columns or columns[0] != "SPEAKER":
            continue
        place = f"{name} line {number}"
        if len(columns) < 8:
            raise SegmentFileError(
                f"{place} has {len(columns)} columns: {line[:60]!r}. Expected SPEAKER RECORDING CHANNEL START DURATION "
                "<NA> <NA> NAME [CONFIDENCE <NA>]; mend it."
            )
        start, duration = from_seconds(columns[3], place), from_seconds(columns[4], place)
        speaker = None if columns[7] == NOT_KNOWN else columns[7]
        confidence = None if len(columns) < 9 or columns[8] == NOT_KNOWN else from_seconds(columns[8], place)
        segment = Segment("", start, round(start + duration, 3), speaker=speaker, confidence=confidence)
        segments.setdefault(columns[1], []).append(segment)
    return segments
