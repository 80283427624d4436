"""The formats by name, and their files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nemo.collections.asr.inference.segment_files.ass import format_ass, parse_ass
from nemo.collections.asr.inference.segment_files.clock import one_line
from nemo.collections.asr.inference.segment_files.ctm import format_ctm, parse_ctm
from nemo.collections.asr.inference.segment_files.json_lines import format_json_line, parse_json_line
from nemo.collections.asr.inference.segment_files.rttm import format_rttm, parse_rttm
from nemo.collections.asr.inference.segment_files.srt import format_srt, parse_srt
from nemo.collections.asr.inference.segment_files.textgrid import format_textgrid, parse_textgrid
from nemo.collections.asr.inference.segment_files.vtt import format_vtt, parse_vtt
from nemo.collections.asr.inference.segments import Segment, split_segments
from nemo.collections.common.exceptions import SegmentFileError
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError


@dataclass(frozen=True)
class Recording:
    """What files say about the recording that was transcribed."""

    name: str
    duration: float | None = None
    """Seconds."""
    row: Mapping[str, Any] = field(default_factory=dict)
    """For JSON: ``audio_filepath`` and what else a manifest has."""


@dataclass(frozen=True)
class SegmentFormat:
    """How segments are written, and read."""

    suffix: str
    write: Callable[[Sequence[Segment], Recording], str]
    read: Callable[[str, str], list[Segment]] | None
    """Takes the text and the name of a file; None: the format says nothing of times."""
    is_subtitles: bool = False
    """Segments are split to be read on a screen."""
    needs_times: bool = True


def _lines(segments: Sequence[Segment], recording: Recording) -> str:
    return one_line(" ".join(segment.text for segment in segments)) + "\n"


def _joined(recordings: dict[str, list[Segment]]) -> list[Segment]:
    return [segment for segments in recordings.values() for segment in segments]


FORMATS: dict[str, SegmentFormat] = {
    "txt": SegmentFormat(".txt", _lines, None, needs_times=False),
    "json": SegmentFormat(".json", lambda segments, of: format_json_line(segments, of.row), parse_json_line),
    "srt": SegmentFormat(".srt", lambda segments, of: format_srt(segments), parse_srt, is_subtitles=True),
    "vtt": SegmentFormat(".vtt", lambda segments, of: format_vtt(segments), parse_vtt, is_subtitles=True),
    "ass": SegmentFormat(".ass", lambda segments, of: format_ass(segments), parse_ass, is_subtitles=True),
    "ctm": SegmentFormat(
        ".ctm", lambda segments, of: format_ctm(segments, of.name), lambda text, name: _joined(parse_ctm(text, name))
    ),
    "textgrid": SegmentFormat(
        ".TextGrid", lambda segments, of: format_textgrid(segments, of.duration), parse_textgrid
    ),
    "rttm": SegmentFormat(
        ".rttm", lambda segments, of: format_rttm(segments, of.name), lambda text, name: _joined(parse_rttm(text, name))
    ),
}  # fmt: skip


def format_segments(segments: Sequence[Segment], format_name: str, recording: Recording) -> str:
    """What a file of the format holds; subtitles are split into pieces that can be read.

    Raises:
        ConfigError: no such format.
    """
    chosen = _format(format_name)
    return chosen.write(split_segments(segments) if chosen.is_subtitles else segments, recording)


def write_segments(
    path: str | os.PathLike[str],
    segments: Sequence[Segment],
    format_name: str | None = None,
    recording: Recording | None = None,
) -> None:
    """Writes a file, whole or not at all.

    Args:
        path: its folder must exist.
        segments: of one recording.
        format_name: a key of :data:`FORMATS`; None: as the suffix of `path` says.
        recording: None: named as the file is.

    Raises:
        ConfigError: no such format.
        SegmentFileError: the segments lack what the format needs.
    """
    target = Path(path)
    text = format_segments(segments, format_name or _name_of(target), recording or Recording(target.stem))
    with atomic_write(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def read_segments(path: str | os.PathLike[str], format_name: str | None = None) -> list[Segment]:
    """The segments of a file, of all its recordings.

    Raises:
        ConfigError: no such format, or one without times.
        SegmentFileError: the file is not of the format; the message names it and the place.
    """
    source = Path(path)
    chosen = _format(format_name or _name_of(source))
    if chosen.read is None:
        raise ConfigError(f"{source} says nothing of times. Expected a file of another format than plain text.")
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SegmentFileError(f"{source} is not UTF-8 text ({error.reason}). Convert it with iconv.") from error
    return chosen.read(text, str(source))


def _format(name: str) -> SegmentFormat:
    if name not in FORMATS:
        raise ConfigError(f"the format is {name!r}; it may be {', '.join(FORMATS)}. Choose one.")
    return FORMATS[name]


def _name_of(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()
