"""Lists of recordings and of the files that belong to them, one path a line -> manifests.

What belongs to a recording has its name, whatever the folder: `a/x.wav`, `b/x.txt`, `c/x.rttm`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nemo.collections.asr.inference.segment_files.rttm import parse_rttm
from nemo.collections.common.audio.io import audio_duration
from nemo.collections.common.data.manifest import read_manifest_objects, write_manifest
from nemo.collections.common.exceptions import ManifestError

PathLike = str | os.PathLike[str]

NO_TEXT = "-"
"""What a manifest says where a text is not known."""


def rreplace(s: str, old: str, new: str) -> str:
    """`s` with the last `old` replaced by `new`."""
    return new.join(s.rsplit(old, 1))


def recording_name(path: PathLike) -> str:
    """The name of a recording: that of its file without the suffix; other points belong to it."""
    name = os.path.basename(os.fspath(path))
    return rreplace(name, Path(name).suffix, "") if Path(name).suffix else name


def read_file(pathlist: PathLike) -> list[str]:
    """The lines of a list that are not empty, sorted."""
    lines = Path(pathlist).read_text(encoding="utf-8-sig").splitlines()
    return sorted(line.strip() for line in lines if line.strip())


def get_input_manifest_dict(input_manifest_path: PathLike) -> dict[str, dict[str, Any]]:
    """The objects of a manifest by the names of their recordings.

    Raises:
        ManifestError: two recordings have one name, or a line names none.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, entry in enumerate(read_manifest_objects(input_manifest_path), start=1):
        if not isinstance(entry.get("audio_filepath"), str):
            raise ManifestError(f'{input_manifest_path}: object {number} has no "audio_filepath". Write one.')
        name = recording_name(entry["audio_filepath"])
        if name in found:
            raise ManifestError(
                f"{input_manifest_path} has two recordings of the name {name}. Expected one; rename one of the files."
            )
        found[name] = entry
    return found


def create_manifest(
    wav_path: PathLike,
    manifest_filepath: PathLike,
    text_path: PathLike | None = None,
    rttm_path: PathLike | None = None,
    uem_path: PathLike | None = None,
    ctm_path: PathLike | None = None,
    add_duration: bool = False,
) -> None:
    """Writes the manifest of a list of recordings.

    Args:
        wav_path: file with one path of a recording a line.
        manifest_filepath: file to write; its lines are in the order of the paths.
        text_path: list of text files; their words go to `text`.
        rttm_path: list of RTTM files; how many speak goes to `num_speakers`.
        uem_path: list of UEM files; they say which part of each recording counts.
        ctm_path: list of CTM files.
        add_duration: read each recording's length; otherwise `duration` is null, but for UEM.

    Raises:
        ManifestError: a list lacks the file of a recording, or has one that belongs to none.
    """
    recordings = read_file(wav_path)
    names = [recording_name(path) for path in recordings]
    texts = _by_name(text_path, names)
    speakers = _by_name(rttm_path, names)
    parts = _by_name(uem_path, names)
    words = _by_name(ctm_path, names)
    lines = []
    for path, name in zip(recordings, names, strict=True):
        offset, duration = _part(parts[name]) if parts else (0.0, audio_duration(path) if add_duration else None)
        lines.append(
            {
                "audio_filepath": path,
                "offset": offset,
                "duration": duration,
                "label": "infer",
                "text": _text(texts[name]) if texts else NO_TEXT,
                "num_speakers": _count_speakers(speakers[name]) if speakers else None,
                "rttm_filepath": speakers.get(name),
                "uem_filepath": parts.get(name),
                "ctm_filepath": words.get(name),
            }
        )
    write_manifest(manifest_filepath, lines)


def _by_name(path: PathLike | None, names: Sequence[str]) -> dict[str, str]:
    """The files of a list by the recording that they belong to; nothing without a list."""
    if path is None:
        return {}
    files = {recording_name(line): line for line in read_file(path)}
    lacking, spare = sorted(set(names) - set(files)), sorted(set(files) - set(names))
    if lacking or spare:
        raise ManifestError(
            f"{path} and the recordings do not fit: {', '.join(lacking[:3]) or 'no recording'} without a file, "
            f"{', '.join(spare[:3]) or 'no file'} without a recording. Expected one of the same name for each."
        )
    return files


def _text(path: str) -> str:
    return " ".join(Path(path).read_text(encoding="utf-8-sig").split())


def _count_speakers(path: str) -> int:
    recordings = parse_rttm(Path(path).read_text(encoding="utf-8-sig"), path)
    return len({segment.speaker for segments in recordings.values() for segment in segments})


def _part(path: str) -> tuple[float, float]:
    """Offset and duration that a UEM file of one recording (NAME CHANNEL START END) says."""
    columns = Path(path).read_text(encoding="utf-8-sig").split()
    try:
        start, end = float(columns[2]), float(columns[3])
    except (IndexError, ValueError) as error:
        raise ManifestError(f"{path} holds {' '.join(columns)[:60]!r}. Expected NAME CHANNEL START END.") from error
    return start, round(end - start, 3)
