"""WebVTT subtitles (https://www.w3.org/TR/webvtt1/): as SRT, with a head, a point in the times, and voices."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from nemo.collections.asr.inference.segment_files.clock import as_clock, one_line
from nemo.collections.asr.inference.segment_files.srt import parse_srt
from nemo.collections.asr.inference.segments import Segment

_VOICE = re.compile(r"<v(?:\.\S+)?\s+([^>]*)>")
_TAG = re.compile(r"<[^>]*>")


def format_vtt(segments: Sequence[Segment]) -> str:
    """The text of a file; segments without text are left out."""
    return "WEBVTT\n\n" + "".join(_cue(segment) for segment in segments if segment.text.strip())


def parse_vtt(text: str, name: str) -> list[Segment]:
    """The cues of a file, with the speaker that begins each; other marks inside are dropped."""
    segments = []
    for segment in parse_srt(text, name):
        voice = _VOICE.match(segment.text)
        speaker = html.unescape(voice.group(1)) if voice else None
        segments.append(replace(segment, text=one_line(html.unescape(_TAG.sub("", segment.text))), speaker=speaker))
    return segments


def _cue(segment: Segment) -> str:
    times = f"{as_clock(segment.start, '.')} --> {as_clock(segment.end, '.')}"
    return f"{times}\n{_voice(segment)}{_escaped(segment.text)}\n\n"


def _voice(segment: Segment) -> str:
    return f"<v {_escaped(segment.speaker)}>" if segment.speaker else ""


def _escaped(text: str) -> str:
    return html.escape(one_line(text), quote=False)
