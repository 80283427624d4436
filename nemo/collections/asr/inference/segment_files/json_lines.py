"""JSON lines: a row of a manifest, with ``pred_text``, and ``timestamp`` with words and segments in seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nemo.collections.asr.inference.segments import Segment, Word
from nemo.collections.common.exceptions import SegmentFileError


def manifest_row(segments: Sequence[Segment], more: Mapping[str, Any]) -> dict[str, Any]:
    """One object for a recording.

    Args:
        segments: in order.
        more: what else the object has, such as ``audio_filepath`` and ``duration``; its ``pred_text`` wins.
    """
    text = " ".join(segment.text for segment in segments)
    row: dict[str, Any] = {**more, "pred_text": more.get("pred_text", text)}
    words = [
        _known(word=word.text, start=word.start, end=word.end, confidence=word.confidence)
        for segment in segments
        for word in segment.words
    ]
    parts = [
        _known(
            segment=part.text, start=part.start, end=part.end, speaker=part.speaker, confidence=part.confidence,
            words=len(part.words) or None,
        )
        for part in segments
    ]  # fmt: skip
    row["timestamp"] = {"word": words, "segment": parts}
    return row


def format_json_line(segments: Sequence[Segment], more: Mapping[str, Any]) -> str:
    """:func:`manifest_row` as a line."""
    return json.dumps(manifest_row(segments, more), ensure_ascii=False) + "\n"


def parse_json_line(text: str, name: str) -> list[Segment]:
    """The segments of the one line of a file.

    Raises:
        SegmentFileError: it is no such object.
    """
    try:
        row = json.loads(text)
        times = row["timestamp"]
        words = [Word(each["word"], each["start"], each["end"], each.get("confidence")) for each in times["word"]]
        segments, first = [], 0
        for each in times["segment"]:
            end = first + each.get("words", 0)
            own = tuple(words[first:end])
            segments.append(
                Segment(each["segment"], each["start"], each["end"], own, each.get("speaker"), each.get("confidence"))
            )
            first = end
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SegmentFileError(
            f"{name} has no segments: {error!r}. Expected one JSON object with timestamp.word and timestamp.segment."
        ) from error
    return segments


def _known(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
