"""Advanced SubStation Alpha subtitles (.ass): hundredths of a second, with the speaker as the actor's name."""

from __future__ import annotations

from collections.abc import Sequence

from nemo.collections.asr.inference.segment_files.clock import from_clock, milliseconds, one_line
from nemo.collections.asr.inference.segments import Segment
from nemo.collections.common.exceptions import SegmentFileError

_HEAD = """\
[Script Info]
ScriptType: v4.00+
WrapStyle: 0

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment, MarginL, MarginR, MarginV
Style: Default,Arial,20,&H00FFFFFF,2,10,10,10

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
_COLUMNS = 10


def format_ass(segments: Sequence[Segment]) -> str:
    """The text of a file; segments without text are left out. Commas in the names of speakers become semicolons."""
    return _HEAD + "".join(
        f"Dialogue: 0,{_clock(segment.start)},{_clock(segment.end)},Default,"
        f"{one_line(segment.speaker or '').replace(',', ';')},0,0,0,,{_escaped(segment.text)}\n"
        for segment in segments
        if segment.text.strip()
    )


def parse_ass(text: str, name: str) -> list[Segment]:
    """The dialogue of a file.

    Raises:
        SegmentFileError: a line lacks a column, or has a time that is none.
    """
    segments = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("Dialogue:"):
            continue
        place = f"{name} line {number}"
        columns = line.removeprefix("Dialogue:").split(",", _COLUMNS - 1)
        if len(columns) < _COLUMNS:
            raise SegmentFileError(f"{place} has {len(columns)} columns. Expected {_COLUMNS}; mend it.")
        start, end = from_clock(columns[1], place), from_clock(columns[2], place)
        segments.append(Segment(_unescaped(columns[9]), start, end, speaker=columns[4].strip() or None))
    return segments


def _clock(seconds: float) -> str:
    minutes, thousandths = divmod(round(milliseconds(seconds) / 10) * 10, 60_000)
    return f"{minutes // 60}:{minutes % 60:02d}:{thousandths // 1000:02d}.{thousandths % 1000 // 10:02d}"


def _escaped(text: str) -> str:
    # braces begin commands; the format has no other way to write them
    return one_line(text).replace("{", "(").replace("}", ")")


def _unescaped(text: str) -> str:
    return one_line(text.replace("\\N", " ").replace("\\n", " "))
