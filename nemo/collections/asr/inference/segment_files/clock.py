"""Times in files: hours, minutes and seconds, or seconds with three decimals."""

from __future__ import annotations

import re

from nemo.collections.common.exceptions import SegmentFileError

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})")


def milliseconds(seconds: float) -> int:
    """Rounded, and not below 0."""
    return max(0, round(seconds * 1000))


def as_clock(seconds: float, point: str) -> str:
    """``01:02:03,004``, with `point` before the milliseconds."""
    minutes, thousandths = divmod(milliseconds(seconds), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{thousandths // 1000:02d}{point}{thousandths % 1000:03d}"


def from_clock(text: str, place: str) -> float:
    """Seconds of ``01:02:03,004``, ``02:03.004`` and the like.

    Raises:
        SegmentFileError: it is none.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise SegmentFileError(f"{place} has the time {text!r}. Expected HOURS:MINUTES:SECONDS.THOUSANDTHS; mend it.")
    hours, minutes, seconds, fraction = match.groups()
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return (whole * 1000 + int(fraction.ljust(3, "0"))) / 1000


def as_seconds(seconds: float) -> str:
    """With three decimals."""
    return f"{milliseconds(seconds) / 1000:.3f}"


def from_seconds(text: str, place: str) -> float:
    """Seconds, at least 0.

    Raises:
        SegmentFileError: it is no such number.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise SegmentFileError(f"{place} has the time {text!r}. Expected seconds, 0 or more; mend it.")
    return seconds


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())
