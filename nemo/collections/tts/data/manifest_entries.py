"""Lines of manifests, as mappings: which recordings they name, and which to keep; for scripts that read manifests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.tts.data.paths import get_abs_rel_paths
from nemo.collections.tts.data.volume import normalize_volume

SECONDS_OF_HOUR = 3600.0


def filter_dataset_by_duration(
    entries: Sequence[Mapping[str, Any]], min_duration: float | None, max_duration: float | None
) -> tuple[list[Mapping[str, Any]], float, float]:
    """The lines whose recordings last neither shorter nor longer.

    Args:
        entries: each has a `duration`.
        min_duration: seconds; None: any.
        max_duration: seconds; None: any.

    Returns:
        These lines, the hours of all lines, and the hours of these.
    """
    low, high = min_duration or 0.0, float("inf") if max_duration is None else max_duration
    kept = [entry for entry in entries if low <= entry["duration"] <= high]
    hours, kept_hours = (sum(entry["duration"] for entry in each) / SECONDS_OF_HOUR for each in (entries, kept))
    return kept, hours, kept_hours


def get_audio_filepaths(manifest_entry: Mapping[str, Any], audio_dir: Path) -> tuple[Path, Path]:
    """The recording of a line as an absolute path, and relative to its folder.

    Raises:
        ValueError: it is absolute and not in the folder.
    """
    return get_abs_rel_paths(Path(manifest_entry["audio_filepath"]), audio_dir)


def load_audio(
    manifest_entry: Mapping[str, Any],
    audio_dir: Path,
    sample_rate: int | None = None,
    max_duration: float | None = None,
    volume_norm: bool = False,
) -> tuple[np.ndarray, Path, Path]:
    """The audio of a line.

    Args:
        manifest_entry: has `audio_filepath`, and perhaps `offset` and `duration` of a part, in seconds.
        audio_dir: the folder of the recordings.
        sample_rate: Hz; None: that of the file.
        max_duration: seconds that are read at most.
        volume_norm: make the highest peak 0.95.

    Returns:
        Samples [T], and what :func:`get_audio_filepaths` gives.

    Raises:
        AudioFileError: the file cannot be read; names it.
    """
    absolute, relative = get_audio_filepaths(manifest_entry, audio_dir)
    offset, duration = (float(manifest_entry.get(key) or 0.0) for key in ("offset", "duration"))
    length = duration if offset else 0.0  # 0: to the end
    if max_duration is not None:
        length = min(length or max_duration, max_duration)
    audio = AudioSegment.from_file(str(absolute), target_sr=sample_rate, offset=offset, duration=length).samples
    return normalize_volume(audio) if volume_norm else audio, absolute, relative
