"""Probabilities of speech in the frames of a recording -> segments of speech.

Thresholds with hysteresis, then padding, then a filter of short stretches (Gelly & Gauvain, 2018,
https://doi.org/10.1109/TASLP.2017.2769220). N frames; all times in seconds.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nemo.collections.asr.inference.segment_files.rttm import parse_rttm
from nemo.collections.asr.inference.segments import Segment
from nemo.utils.exceptions import ConfigError

SPEECH = "speech"

Stretch = tuple[float, float]
"""Start and end."""


@dataclass
class SpeechThresholds:
    """`postprocessing` section of a voice activity detection; keys are the original's."""

    onset: float = 0.5
    """Speech begins with a frame whose probability is above it."""
    offset: float = 0.5
    """It ends before a frame whose probability is below it; not above onset."""
    pad_onset: float = 0.0
    """Seconds added before each segment; negative ones are taken away."""
    pad_offset: float = 0.0
    """Seconds added behind each segment."""
    min_duration_on: float = 0.0
    """Seconds; shorter segments are dropped."""
    min_duration_off: float = 0.0
    """Seconds; shorter pauses are filled."""
    filter_speech_first: bool = True
    """Short segments are dropped before short pauses are filled, instead of behind."""


def speech_segments(
    probabilities: Tensor, frame_seconds: float, thresholds: SpeechThresholds | None = None
) -> list[Segment]:
    """The segments of speech of one recording.

    Args:
        probabilities: [N] of speech in each frame.
        frame_seconds: length of a frame.
        thresholds: None: those of a :class:`SpeechThresholds`.

    Returns:
        In order, apart from each other, between 0 and the end of the recording; `speaker` is ``speech`` and
        `confidence` the mean probability of the segment's frames.

    Raises:
        ConfigError: `offset` above `onset`, or `probabilities` has not one dim.
    """
    given = thresholds or SpeechThresholds()
    if given.offset > given.onset:
        raise ConfigError(f"offset is {given.offset} and onset {given.onset}. Expected offset <= onset; mend one.")
    if probabilities.ndim != 1:
        raise ConfigError(f"probabilities have the shape {list(probabilities.shape)}. Expected those of one recording.")
    values = probabilities.tolist()
    duration = len(values) * frame_seconds
    padded = [
        (max(0.0, first * frame_seconds - given.pad_onset), min(duration, end * frame_seconds + given.pad_offset))
        for first, end in _active_frames(values, given.onset, given.offset)
    ]
    stretches = _without_short(
        _merged([stretch for stretch in padded if stretch[1] > stretch[0]]),
        given.min_duration_on,
        given.min_duration_off,
        given.filter_speech_first,
    )
    return [
        Segment("", start, end, speaker=SPEECH, confidence=_mean(values, start, end, frame_seconds))
        for start, end in stretches
    ]


def _active_frames(values: Sequence[float], onset: float, offset: float) -> list[tuple[int, int]]:
    """First frame and the frame behind the last of each stretch."""
    stretches = []
    first: int | None = None
    for index, value in enumerate(values):
        if first is None and value > onset:
            first = index
        elif first is not None and value < offset:
            stretches.append((first, index))
            first = None
    if first is not None:
        stretches.append((first, len(values)))
    return stretches


def _without_short(stretches: list[Stretch], least_on: float, least_off: float, speech_first: bool) -> list[Stretch]:
    if not speech_first:
        stretches = _merged(stretches, least_off)
    long_enough = [stretch for stretch in stretches if stretch[1] - stretch[0] >= least_on]
    return _merged(long_enough, least_off) if speech_first else long_enough


def _merged(stretches: Sequence[Stretch], least_pause: float = 0.0) -> list[Stretch]:
    """Stretches that overlap, or between which a pause shorter than `least_pause` is, as one."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and (start <= merged[-1][1] or start - merged[-1][1] < least_pause):
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _mean(values: Sequence[float], start: float, end: float, frame_seconds: float) -> float:
    first = min(round(start / frame_seconds), len(values) - 1)
    frames = values[first : max(round(end / frame_seconds), first + 1)]
    return sum(frames) / len(frames)


# ---------------------------------------------------------------------------------------- as the original's scripts do


def load_speech_segments_from_rttm(rttm_file: str | os.PathLike[str]) -> list[list[float]]:
    """Start and end of everything that a file of one recording has, merged where it overlaps."""
    with open(rttm_file, encoding="utf-8") as file:
        recordings = parse_rttm(file.read(), os.fspath(rttm_file))
    return [list(stretch) for stretch in _merged([(s.start, s.end) for each in recordings.values() for s in each])]


def load_speech_overlap_segments_from_rttm(
    rttm_file: str | os.PathLike[str],
) -> tuple[list[list[float]], list[list[float]]]:
    """Of a file of one recording where anybody speaks, and where several do at once, each merged where it overlaps."""
    with open(rttm_file, encoding="utf-8") as file:
        recordings = parse_rttm(file.read(), os.fspath(rttm_file))
    turns = [(each.start, each.end, each.speaker) for segments in recordings.values() for each in segments]
    together = [
        (max(start, other_start), min(end, other_end))
        for index, (start, end, speaker) in enumerate(turns)
        for other_start, other_end, other in turns[index + 1 :]
        if other != speaker and max(start, other_start) < min(end, other_end)
    ]
    speech = _merged([(start, end) for start, end, _ in turns])
    return [list(stretch) for stretch in speech], [list(stretch) for stretch in _merged(together)]


def align_labels_to_frames(
    probs: Sequence[float] | Tensor, labels: Sequence[int] | Tensor, threshold: float = 0.2
) -> list[int]:
    """Labels of frames of one length as labels of the frames of probabilities, over the same recording.

    Args:
        probs: [N] of frames.
        labels: [M] of other frames, 1 for speech.
        threshold: part of a frame that may be speech without the frame being it.

    Returns:
        N labels: 1 for a frame of which more than `threshold` is speech.
    """
    if len(probs) == 0 or len(labels) == 0:
        return [0] * len(probs)
    edges = torch.linspace(0, len(labels), len(probs) + 1, dtype=torch.float64)
    # speech up to each edge, linear within a label
    sums = torch.cat([torch.zeros(1, dtype=torch.float64), torch.as_tensor(labels, dtype=torch.float64).cumsum(0)])
    whole = edges.floor().long().clamp(max=len(labels) - 1)
    until = sums[whole] + (edges - whole) * (sums[whole + 1] - sums[whole])
    shares = until.diff() / edges.diff()
    return (shares > threshold + 1e-9).long().tolist()


def get_vad_stream_status(data: Sequence[str]) -> list[str]:
    """Of each path in a list: start, next and end of a recording in several parts, or single.

    Neighbours of the same path are parts of one recording.
    """
    kinds = {(True, True): "single", (True, False): "start", (False, True): "end", (False, False): "next"}
    places = range(len(data))
    return [
        kinds[index == 0 or data[index - 1] != data[index], index == len(data) - 1 or data[index + 1] != data[index]]
        for index in places
    ]


def get_nonspeech_segments(
    speech_segments: Sequence[Sequence[float]], max_duration: float | None = None
) -> list[list[float]]:
    """The pauses between stretches of speech, from 0 to `max_duration` (None: to the end of the last stretch)."""
    pauses, at = [], 0.0
    for start, end in _merged([(float(start), float(end)) for start, end in speech_segments]):
        if start > at:
            pauses.append([at, start])
        at = end
    if max_duration is not None and max_duration > at:
        pauses.append([at, max_duration])
    return pauses


def convert_labels_to_speech_segments(labels: Sequence[float], frame_length_in_sec: float = 0.01) -> list[list[float]]:
    """The stretches where the labels of frames are 1."""
    found = speech_segments(torch.tensor([float(label) for label in labels]), frame_length_in_sec)
    return [[segment.start, segment.end] for segment in found]


def get_frame_labels(
    segments: Sequence[Sequence[float]], frame_length: float, offset: float, duration: float, as_str: bool = True
) -> str | list[int]:
    """1 for each frame between `offset` and `offset + duration` whose middle is in a stretch of speech, else 0."""
    labels = [
        int(any(start <= offset + (index + 0.5) * frame_length < end for start, end in segments))
        for index in range(round(duration / frame_length))
    ]
    return " ".join(map(str, labels)) if as_str else labels
