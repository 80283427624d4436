"""Manifests: one JSON object a line, each describing a recording and what is known about it.

    {"audio_filepath": "clips/a.wav", "duration": 2.9, "text": "four nine"}

Relative paths start at the manifest's own folder. A file may be gzipped, begin with a byte order mark, end its lines
with CRLF and contain empty lines. Whatever else is wrong is an error with file, line and key.
"""

from __future__ import annotations

import gzip
import json
import logging
import math
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nemo.collections.common.exceptions import ManifestError
from nemo.utils.atomic import atomic_write
from nemo.utils.spelling import nearest

logger = logging.getLogger(__name__)

ManifestPaths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

AUDIO_KEYS = ("audio_filepath", "audio_filename")
TEXT_FILE_KEY = "text_filepath"
PROMPT_KEYS = ("source_lang", "target_lang", "taskname", "pnc")
"""What to do with a recording: languages of speech and text, the task, whether to write punctuation and capitals."""
LONGEST_DURATION_SECONDS = 1e6
"""Above it (11 days), a duration is taken for milliseconds or samples."""
FAULTS_SHOWN = 5

# key in the manifest -> field of ManifestEntry, where they differ
_RENAMED = {"rttm_filepath": "rttm_file", "feature_filepath": "feature_file", "video_filepath": "video_file"}
_FILE_FIELDS = {"rttm_file", "feature_file", "video_file"}
_PLAIN_FIELDS = {
    "speaker",
    "lang",
    "label",
    "command",
    *PROMPT_KEYS,
    "id",
    "token_labels",
    "normalized_text",
    *_FILE_FIELDS,
}
_PLACED_KEYS = {*AUDIO_KEYS, "duration", "offset", "orig_sample_rate", "text", TEXT_FILE_KEY}


@dataclass(slots=True)
class ManifestEntry:
    """One line of a manifest, checked.

    Paths are absolute or relative to the working folder, never to the manifest.
    """

    audio_file: str | list[str]
    """One path, or one for each microphone."""
    duration: float | None
    """Seconds; None only where the caller allowed it."""
    text: str = ""
    offset: float = 0.0
    """Seconds from the beginning of the file."""
    orig_sample_rate: int | None = None
    speaker: Any = None
    lang: str | None = None
    label: Any = None
    command: Any = None
    source_lang: str | None = None
    target_lang: str | None = None
    taskname: str | None = None
    pnc: Any = None
    id: Any = None
    token_labels: Any = None
    rttm_file: str | None = None
    feature_file: str | None = None
    video_file: str | None = None
    normalized_text: Any = None
    """The text with numbers and abbreviations written out; `text` is this one where a line has no other."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Keys that are not listed in the formats; kept as they are."""
    manifest: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Where this entry was written, for messages: ``train.json line 17``."""
        return f"{self.manifest} line {self.line}"


def split_paths(paths: ManifestPaths) -> list[str]:
    """The single paths of a comma separated string, a path, or a sequence of either."""
    if isinstance(paths, str):
        return [path.strip() for path in paths.split(",") if path.strip()]
    if isinstance(paths, os.PathLike):
        return [os.fspath(paths)]
    return [single for path in paths for single in split_paths(path)]


def read_manifest(
    paths: ManifestPaths, *, require_duration: bool = True, skip_bad_lines: bool = False
) -> list[ManifestEntry]:
    """Reads one or several manifests.

    Args:
        paths: a path, a comma separated string of paths, or a sequence of them.
        require_duration: whether a line without ``duration`` is a fault; otherwise it is None.
        skip_bad_lines: leave faulty lines out, with one warning that counts them, instead of raising.

    Raises:
        ManifestError: with the first faults found; names file, line and key.
    """
    files = split_paths(paths)
    if not files:
        raise ManifestError(
            f"No manifest is named in {paths!r}. Expected the path of a file with one JSON object a line."
        )
    return [entry for path in files for entry in _read_one(path, require_duration, skip_bad_lines)]


def iterate_manifest(paths: ManifestPaths, *, require_duration: bool = True) -> Iterator[ManifestEntry]:
    """The entries of one or several manifests, one at a time.

    Args:
        paths: a path, a comma separated string of paths, or a sequence of them.
        require_duration: whether a line without ``duration`` is a fault; otherwise it is None.

    Raises:
        ManifestError: at the first fault; names file, line and key.
    """
    for path in split_paths(paths):
        folder = os.path.dirname(path)
        for number, line in _lines(path):
            yield _entry(_parse_object(line, f"{path} line {number}"), path, number, folder, require_duration)


def read_manifest_objects(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The JSON objects of a manifest as they stand in it: paths unresolved, keys unchecked.

    Raises:
        ManifestError: the file is missing or a line is not a JSON object.
    """
    return [_parse_object(line, f"{path} line {number}") for number, line in _lines(os.fspath(path))]


def write_manifest(
    output_path: str | os.PathLike[str], target_manifest: Iterable[Mapping[str, Any]], ensure_ascii: bool = True
) -> None:
    """Writes JSON objects, one a line; the file is either whole or not there.

    Args:
        output_path: file to write.
        target_manifest: the objects, with the keys of the format (``audio_filepath``, ``duration``, ``text`` ...).
        ensure_ascii: write other characters as escapes, ``u`` and four digits.
    """
    with atomic_write(output_path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for entry in target_manifest:
            file.write(json.dumps(entry, ensure_ascii=ensure_ascii) + "\n")


def get_full_path(
    audio_file: str | list[str], manifest_file: str | os.PathLike[str] | None = None, data_dir: str | None = None
) -> str | list[str]:
    """Where `audio_file` of `manifest_file` lies.

    A relative path starts at `data_dir` or at the manifest's folder; if there is no such file, but one relative to the
    working folder, it is that. An address (``s3://...``) stays as it is.
    """
    if isinstance(audio_file, list):
        return [_full_path(path, _base_folder(manifest_file, data_dir)) for path in audio_file]
    return _full_path(audio_file, _base_folder(manifest_file, data_dir))


def is_tarred_dataset(audio_file: str, manifest_file: str | None = None) -> bool:
    """Whether `manifest_file` belongs to a dataset packed in tar files, whose audio names are members."""
    if manifest_file is None or os.path.dirname(audio_file):
        return False
    folder, name = os.path.split(os.path.abspath(manifest_file))
    in_shards = os.path.basename(folder) == "sharded_manifests" and re.fullmatch(r"manifest_\d+\.json", name)
    return bool(in_shards) or name == "tarred_audio_manifest.json"


def _base_folder(manifest_file: str | os.PathLike[str] | None, data_dir: str | None) -> str:
    return data_dir if data_dir is not None else os.path.dirname(os.fspath(manifest_file or ""))


def _full_path(path: str, folder: str) -> str:
    if os.path.isabs(path) or "://" in path:
        return path
    if path.startswith("~"):
        return os.path.expanduser(path)
    beside = os.path.join(folder, path)
    return path if not os.path.exists(beside) and os.path.exists(path) else beside


def _read_one(path: str, require_duration: bool, skip_bad_lines: bool) -> list[ManifestEntry]:
    entries: list[ManifestEntry] = []
    faults: list[str] = []
    count = 0
    folder = os.path.dirname(path)
    for number, line in _lines(path):
        try:
            place = f"{path} line {number}"
            entries.append(_entry(_parse_object(line, place), path, number, folder, require_duration))
        except ManifestError as fault:
            count += 1
            if len(faults) < FAULTS_SHOWN:
                faults.append(str(fault))
    if count and not skip_bad_lines:
        rest = f"\n({count - len(faults)} more lines have faults)" if count > len(faults) else ""
        raise ManifestError("\n".join(faults) + rest)
    if count:
        logger.warning("%s: %d faulty lines left out; the first: %s", path, count, faults[0])
    if not entries:
        raise ManifestError(
            f"{path} has no {'usable line' if count else 'line'}. Expected one JSON object a line with audio_filepath, "
            "duration and text; check that the file was written to its end."
        )
    return entries


def _lines(path: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines that are not empty, without the byte order mark."""
    if os.path.isdir(path):
        raise ManifestError(f"{path} is a folder. Expected a manifest file; name the file inside it.")
    try:
        file: Any = open(path, "rb")  # noqa: SIM115 - closed below; gzip may wrap it
    except FileNotFoundError as error:
        raise ManifestError(
            f"Manifest {path} does not exist (working folder: {os.getcwd()}). Give the path of an existing manifest."
        ) from error
    with file:
        magic = file.read(4)
        file.seek(0)
        if magic[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ManifestError(f"{path} is UTF-16 text. Expected UTF-8; save it again with that encoding.")
        lines = gzip.GzipFile(fileobj=file) if magic[:2] == b"\x1f\x8b" else file
        number = 0
        try:
            for number, line in enumerate(lines, start=1):
                content = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
                if content:
                    yield number, content
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ManifestError(
                f"{path} line {number + 1}: the gzip data ends or breaks here ({error}). Expected a whole file; "
                "copy or compress it again."
            ) from error


def _refuse_constant(name: str) -> float:
    raise _NotJsonError(f"{name} is not a JSON number")


class _NotJsonError(ValueError):
    pass


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _NotJsonError(f'it has the key "{twice}" more than once')
    return unique


_decode: Callable[[str], Any] = json.JSONDecoder(
    object_pairs_hook=_unique_pairs, parse_constant=_refuse_constant
).decode


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _parse_object(line: bytes, place: str) -> dict[str, Any]:
    try:
        parsed = _decode(line.decode("utf-8"))
        if _SURROGATE.search(line):  # an escape may stand for half a character, which no file can hold
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ManifestError(
            f"{place} has an escape that is half a character (a surrogate: {error.object[error.start]!r}). Expected "
            "pairs of them; write the character itself, in UTF-8."
        ) from None
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{place} is not UTF-8 text ({error.reason} at byte {error.start}). Expected JSON lines in UTF-8; save the "
            "file with that encoding."
        ) from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(
            f"{place} is not JSON: {error}. Found {_excerpt(line)}; expected one whole JSON object on each line. "
            "Mend or delete the line."
        ) from None
    if not isinstance(parsed, dict):
        raise ManifestError(
            f"{place} holds {_excerpt(line)}, a JSON {type(parsed).__name__}. Expected an object with audio_filepath, "
            "duration and text; write one object on each line."
        )
    return parsed


def _excerpt(line: bytes) -> str:
    text = line[:80].decode("utf-8", errors="replace")
    return repr(text) + ("..." if len(line) > 80 else "")


def _entry(item: dict[str, Any], manifest: str, number: int, folder: str, require_duration: bool) -> ManifestEntry:
    place = f"{manifest} line {number}"
    entry = ManifestEntry(
        _audio(item, place, folder), _duration(item, place, require_duration), _text(item, place, folder)
    )
    entry.manifest, entry.line = manifest, number
    if "offset" in item and item["offset"] is not None:
        entry.offset = _number(item, "offset", place, "seconds from the start of the file, 0 or more", lowest=0.0)
    if item.get("orig_sample_rate") is not None:
        entry.orig_sample_rate = int(_number(item, "orig_sample_rate", place, "Hz, 1 or more", lowest=1.0))
    for key, value in item.items():
        if key in _PLACED_KEYS:
            continue
        name = _RENAMED.get(key, key)
        if name in _FILE_FIELDS and isinstance(value, str):
            value = _full_path(value, folder)
        if name in _PLAIN_FIELDS:
            setattr(entry, name, value)
        else:
            entry.extra[key] = value
    return entry


def _audio(item: dict[str, Any], place: str, folder: str) -> str | list[str]:
    for key in AUDIO_KEYS:
        if key in item:
            break
    else:
        raise _missing("audio_filepath", item, place)
    value = item[key]
    paths = value if isinstance(value, list) else [value]
    if not paths or not all(isinstance(path, str) and path.strip() and "\0" not in path for path in paths):
        raise ManifestError(
            f'{place}: "{key}" is {_shown(value)}. Expected the path of a recording, or a list of paths; write one.'
        )
    if isinstance(value, list):
        return [_full_path(path, folder) for path in value]
    return _full_path(value, folder)


def _duration(item: dict[str, Any], place: str, required: bool) -> float | None:
    if "duration" not in item and required:
        raise _missing("duration", item, place)
    if item.get("duration") is None and not required:
        return None
    expected = f"seconds, above 0 and below {LONGEST_DURATION_SECONDS:.0f}"
    duration = _number(item, "duration", place, expected, lowest=0.0)
    if duration == 0.0 or duration > LONGEST_DURATION_SECONDS:
        raise ManifestError(f'{place}: "duration" is {_shown(duration)}. Expected {expected}; mend the number.')
    return duration


def _missing(key: str, item: dict[str, Any], place: str) -> ManifestError:
    meant = nearest(key, item)
    mend = f'Write "{key}" in place of "{meant}".' if meant else "Write it, or delete the line."
    return ManifestError(
        f'{place} has no "{key}"; it has {_shown(", ".join(item) or "no keys")}. Each line needs audio_filepath, '
        f"duration (seconds) and text. {mend}"
    )


def _number(item: dict[str, Any], key: str, place: str, expected: str, lowest: float) -> float:
    value = item[key]
    try:
        good = (
            not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value) and value >= lowest
        )
    except OverflowError:  # an integer beyond every float
        good = False
    if not good:
        raise ManifestError(f'{place}: "{key}" is {_shown(value)}. Expected a number: {expected}; mend the value.')
    return float(value)


def _text(item: dict[str, Any], place: str, folder: str) -> str:
    if "text" in item:
        key = "text"
    elif TEXT_FILE_KEY in item:
        return _text_from_file(item[TEXT_FILE_KEY], place, folder)
    elif "normalized_text" in item:
        key = "normalized_text"
    else:
        return ""
    if not isinstance(item[key], str):
        raise ManifestError(
            f'{place}: "{key}" is {_shown(item[key])}. Expected a string; write "" where the text is not known.'
        )
    return item[key]


def _text_from_file(value: Any, place: str, folder: str) -> str:
    if not isinstance(value, str):
        raise ManifestError(
            f'{place}: "{TEXT_FILE_KEY}" is {_shown(value)}. Expected the path of a text file; write one.'
        )
    try:
        return Path(_full_path(value, folder)).read_text(encoding="utf-8").replace("\n", " ").strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ManifestError(
            f'{place}: "{TEXT_FILE_KEY}" names {value!r}, which cannot be read ({error}). Expected a UTF-8 text file; '
            'mend the path, or put the text itself under "text".'
        ) from error


def _shown(value: Any) -> str:
    text = "null" if value is None else repr(value)
    return text if len(text) <= 80 else text[:80] + "..."
