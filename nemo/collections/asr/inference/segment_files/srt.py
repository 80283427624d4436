"""SubRip subtitles: a number, ``00:00:01,000 --> 00:00:02,500``, the text, an empty line. No words, no speakers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nemo.collections.asr.inference.segment_files.clock import as_clock, from_clock, one_line
from nemo.collections.asr.inference.segments import Segment


def format_srt(segments: Sequence[Segment]) -> str:
    """The text of a file; segments without text are left out."""
    spoken = [segment for segment in segments if segment.text.strip()]
    return "".join(
        f"{number}\n{as_clock(segment.start, ',')} --> {as_clock(segment.end, ',')}\n{one_line(segment.text)}\n\n"
        for number, segment in enumerate(spoken, 1)
    )


def parse_srt(text: str, name: str) -> list[Segment]:
    """The subtitles of a file; their lines become one.

    Args:
        text: of the file.
        name: of the file, for errors.

    Raises:
        SegmentFileError: a time that is none.
    """
    segments = []
    for number, block in enumerate(re.split(r"\n[ \t]*\n", text.removeprefix("\ufeff").replace("\r\n", "\n")), 1):
        lines = block.strip("\n").split("\n")
        timing = next((index for index, line in enumerate(lines[:2]) if "-->" in line), None)
        if timing is None:
            continue
        start, end = lines[timing].split("-->", 1)
        place = f"{name}, subtitle {number},"
        words = one_line(" ".join(lines[timing + 1 :]))
        # after the end there may be a place on the screen
        segments.append(
            Segment(words, from_clock(start, place), from_clock(end.split()[0] if end.split() else "", place))
        )
    return segments
