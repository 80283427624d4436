"""Praat's TextGrid in its long form: tiers of intervals, ``segments`` and ``words``; each speaker has own ones.

Within a tier, nothing overlaps and every interval is at least a millisecond long: where times say otherwise, what comes
later begins later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from nemo.collections.asr.inference.segment_files.clock import from_seconds, milliseconds, one_line
from nemo.collections.asr.inference.segments import Segment, Word
from nemo.collections.common.exceptions import SegmentFileError

SEGMENTS, WORDS = "segments", "words"
OF_SPEAKER = " - "
Interval = tuple[int, int, str]
"""Begin and end in milliseconds, and text."""

_TIER = re.compile(r'class = "IntervalTier"\s+name = "((?:[^"]|"")*)"')
_INTERVAL = re.compile(r'xmin = (\S+)\s+xmax = (\S+)\s+text = "((?:[^"]|"")*)"')


def format_textgrid(segments: Sequence[Segment], duration: float | None = None) -> str:
    """The text of a file.

    Args:
        segments: in order.
        duration: seconds of the recording; None: up to the last segment.
    """
    tiers: list[tuple[str, list[Interval]]] = []
    for speaker in dict.fromkeys(segment.speaker for segment in segments) or [None]:
        own = [segment for segment in segments if segment.speaker == speaker]
        prefix = f"{one_line(speaker)}{OF_SPEAKER}" if speaker else ""
        tiers.append((prefix + SEGMENTS, _intervals(own)))
        if any(segment.words for segment in own):
            tiers.append((prefix + WORDS, _intervals(word for segment in own for word in segment.words)))
    ends = [intervals[-1][1] for _, intervals in tiers if intervals]
    end = max([milliseconds(duration or 0.0), 1, *ends])
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_seconds(end)}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, intervals) in enumerate(tiers, 1):
        whole = _without_gaps(intervals, end)
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f"        name = {_quoted(name)}"]
        lines += ["        xmin = 0", f"        xmax = {_seconds(end)}", f"        intervals: size = {len(whole)}"]
        for index, (first, last, text) in enumerate(whole, 1):
            lines += [f"        intervals [{index}]:", f"            xmin = {_seconds(first)}"]
            lines += [f"            xmax = {_seconds(last)}", f"            text = {_quoted(text)}"]
    return "\n".join(lines) + "\n"


def parse_textgrid(text: str, name: str) -> list[Segment]:
    """The segments of a file, with the words whose middle is in them, in order of time.

    A file without a tier ``segments`` has one segment for each interval of its first tier.

    Raises:
        SegmentFileError: it is no TextGrid in the long form.
    """
    tiers = _TIER.split(text)[1:]
    if not tiers or "ooTextFile" not in text:
        raise SegmentFileError(
            f"{name} has no interval tiers. Expected a TextGrid in the long text form; save it so in Praat."
        )
    found = {_unquoted(title): _spoken(body, name) for title, body in zip(tiers[::2], tiers[1::2], strict=True)}
    names = [title for title in found if title == SEGMENTS or title.endswith(OF_SPEAKER + SEGMENTS)] or [
        next(iter(found))
    ]
    segments = []
    for title in names:
        prefix = title.removesuffix(SEGMENTS)
        speaker = prefix.removesuffix(OF_SPEAKER) if title.endswith(OF_SPEAKER + SEGMENTS) else None
        words = found.get(prefix + WORDS, []) if title != prefix else []
        for start, end, text_of in found[title]:
            inside = tuple(Word(word, a, b) for a, b, word in words if start <= (a + b) / 2 < end)
            segments.append(Segment(text_of, start, end, inside, speaker))
    return sorted(segments, key=lambda segment: (segment.start, segment.end))


def _intervals(parts: Iterable[Segment | Word]) -> list[Interval]:
    intervals: list[Interval] = []
    for part in parts:
        if not part.text.strip():
            continue
        start = max(milliseconds(part.start), intervals[-1][1] if intervals else 0)
        intervals.append((start, max(milliseconds(part.end), start + 1), one_line(part.text)))
    return intervals


def _without_gaps(intervals: Sequence[Interval], end: int) -> list[Interval]:
    whole: list[Interval] = []
    for interval in [*intervals, (end, end, "")]:
        before = whole[-1][1] if whole else 0
        if interval[0] > before:
            whole.append((before, interval[0], ""))
        if interval[1] > interval[0]:
            whole.append(interval)
    return whole


def _spoken(body: str, name: str) -> list[tuple[float, float, str]]:
    rows = _INTERVAL.findall(body)
    return [
        (from_seconds(start, name), from_seconds(end, name), _unquoted(text))
        for start, end, text in rows
        if text.strip()
    ]


def _seconds(thousandths: int) -> str:
    return f"{thousandths / 1000:.3f}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _unquoted(text: str) -> str:
    return text.replace('""', '"')
