"""Voice activity detection step by step, with the files of a folder between two steps.

manifest -> NAME.frame (a probability of speech a line) -> NAME.median or NAME.mean -> NAME.txt or NAME.rttm
`nemo.collections.asr.inference.vad.detect_speech` does it all at once, in memory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.inference.recording_lists import recording_name
from nemo.collections.asr.inference.segment_files.rttm import format_rttm
from nemo.collections.asr.inference.vad import VADConfig, smoothed, speech_probabilities
from nemo.collections.asr.inference.vad_segments import SPEECH, SpeechThresholds, speech_segments
from nemo.collections.common.data.manifest import read_manifest_objects
from nemo.collections.common.exceptions import TextFileError
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

PathLike = str | os.PathLike[str]

SUFFIXES = (".frame", ".median", ".mean")


def generate_vad_frame_pred(
    vad_model: Any,
    window_length_in_sec: float,
    shift_length_in_sec: float,
    manifest_vad_input: PathLike,
    out_dir: PathLike,
    use_feat: bool = False,
) -> str:
    """Writes `NAME.frame` for each recording of a manifest; several lines of one recording are its parts, in order.

    Args:
        vad_model: a frame classifier, or a classifier of recordings that is slid over them.
        window_length_in_sec: window of the latter.
        shift_length_in_sec: length of a frame of the latter.
        manifest_vad_input: the manifest.
        out_dir: folder, made if it is not there.
        use_feat: read features instead of recordings; not in this release.

    Returns:
        `out_dir`.
    """
    if use_feat:
        raise NotYetSupportedError("use_feat is true: files of features are not in this release. List the recordings.")
    config = VADConfig(window_length_in_sec, shift_length_in_sec)
    names = [recording_name(row["audio_filepath"]) for row in read_manifest_objects(manifest_vad_input)]
    parts: dict[str, list[Tensor]] = {}
    for name, values in zip(names, speech_probabilities(vad_model, str(manifest_vad_input), config), strict=True):
        parts.setdefault(name, []).append(values)
    for name, of_parts in parts.items():
        _write_probabilities(Path(out_dir) / f"{name}.frame", torch.cat(of_parts))
    return os.fspath(out_dir)


def generate_overlap_vad_seq(
    frame_pred_dir: PathLike,
    smoothing_method: str,
    overlap: float,
    window_length_in_sec: float,
    shift_length_in_sec: float,
    num_workers: int = 1,
    out_dir: PathLike | None = None,
) -> str:
    """Combines, for each frame, the probabilities of the windows that overlap it.

    Args:
        frame_pred_dir: folder with `*.frame`.
        smoothing_method: mean or median; the suffix of the new files.
        overlap: part that a window shares with the next that is used, from 0 to below 1.
        window_length_in_sec: of the windows.
        shift_length_in_sec: length of a frame.
        num_workers: accepted for users' scripts; the work is small.
        out_dir: None: a folder within `frame_pred_dir` that is named after the method.

    Returns:
        The folder of the new files.
    """
    name = f"overlap_smoothing_output_{smoothing_method}_{overlap}"
    target = Path(out_dir) if out_dir is not None else Path(frame_pred_dir) / name
    window = max(1, round(window_length_in_sec / shift_length_in_sec))
    for path in _files(frame_pred_dir, (".frame",)):
        values = smoothed(_read_probabilities(path), window, overlap, smoothing_method)
        _write_probabilities(target / f"{path.stem}.{smoothing_method}", values)
    return os.fspath(target)


def generate_vad_segment_table(
    vad_pred_dir: PathLike,
    postprocessing_params: Mapping[str, Any],
    frame_length_in_sec: float,
    num_workers: int = 1,
    out_dir: PathLike | None = None,
    use_rttm: bool = False,
) -> str:
    """Writes the segments of speech of each file of probabilities.

    Args:
        vad_pred_dir: folder with `*.frame`, `*.median` or `*.mean`.
        postprocessing_params: keys of :class:`SpeechThresholds`.
        frame_length_in_sec: length of a frame.
        num_workers: accepted for users' scripts; the work is small.
        out_dir: None: a folder within `vad_pred_dir`.
        use_rttm: write RTTM; otherwise lines ``START DURATION speech``, in seconds.

    Returns:
        The folder of the new files.

    Raises:
        ConfigError: a key that is no threshold.
    """
    known = {field.name for field in fields(SpeechThresholds)}
    unknown = sorted(set(postprocessing_params) - known)
    if unknown:
        raise ConfigError(f"postprocessing_params has {', '.join(unknown)}; it may have {', '.join(sorted(known))}.")
    thresholds = SpeechThresholds(**postprocessing_params)
    target = Path(out_dir) if out_dir is not None else Path(vad_pred_dir) / "table_output"
    for path in _files(vad_pred_dir, SUFFIXES):
        segments = speech_segments(_read_probabilities(path), frame_length_in_sec, thresholds)
        if use_rttm:
            _write(target / f"{path.stem}.rttm", format_rttm(segments, path.stem))
        else:
            lines = (f"{each.start:.4f} {each.end - each.start:.4f} {SPEECH}\n" for each in segments)
            _write(target / f"{path.stem}.txt", "".join(lines))
    return os.fspath(target)


def _files(folder: PathLike, suffixes: tuple[str, ...]) -> list[Path]:
    found = sorted(path for path in Path(folder).iterdir() if path.suffix in suffixes)
    if not found:
        raise ConfigError(f"{folder} has no files {' or '.join('*' + suffix for suffix in suffixes)}. Name another.")
    return found


def _read_probabilities(path: Path) -> Tensor:
    try:
        values = [float(line) for line in path.read_text(encoding="utf-8").split()]
    except ValueError as error:
        raise TextFileError(f"{path} holds what is no number ({error}). Expected a probability a line.") from error
    return torch.tensor(values)


def _write_probabilities(path: Path, values: Tensor) -> None:
    _write(path, "".join(f"{value:.6f}\n" for value in values.tolist()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8", newline="\n")
