"""Reads small files that a config names beside the weights: JSON and NumPy arrays.

Texts are read with `open`, torch files with :func:`nemo.core.archive.plain.load_plain`.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError

MAX_JSON_BYTES = 64 * 2**20
MAX_ARRAY_BYTES = 2 * 2**30
MAX_RATIO = 1000
"""How much larger than its file an array may be: smooth features compress well, bombs better."""


def read_json(path: str | os.PathLike[str]) -> Any:
    """The content of a JSON file, at most 64 MiB.

    Raises:
        FileNotFoundError: no such file.
        ArchiveError: it is no JSON in UTF-8.
        UnsafeArchiveError: it is too large, too deep, or has a key twice.
    """
    source = Path(path)
    if source.stat().st_size > MAX_JSON_BYTES:
        raise UnsafeArchiveError(f"{source}: {source.stat().st_size} bytes; a JSON file may have {MAX_JSON_BYTES}.")
    try:
        return json.loads(source.read_bytes(), object_pairs_hook=lambda pairs: _without_twins(pairs, source))
    except ArchiveError:
        raise
    except RecursionError as error:
        raise UnsafeArchiveError(f"{source}: nested too deeply for a JSON file of ours.") from error
    except ValueError as error:
        raise ArchiveError(f"{source}: not valid JSON ({error}). Mend the file, or get it again.") from error


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of a `.npz` file by name; a `.npy` file gives one, named `array`. Pickled objects are refused.

    Raises:
        FileNotFoundError: no such file.
        ArchiveError: it is neither, or it is damaged.
        UnsafeArchiveError: it holds Python objects, or unpacks to too much.
    """
    source = Path(path)
    size = source.stat().st_size
    room = min(MAX_ARRAY_BYTES, max(MAX_RATIO * size, 2**20))
    try:
        with open(source, "rb") as file:
            if file.read(4) == b"PK\x03\x04":
                _check_room(source, room)
            elif size > room:
                raise UnsafeArchiveError(f"{source}: more than {room} bytes.")
        loaded = np.load(source, allow_pickle=False, max_header_size=10_000)
        if isinstance(loaded, np.ndarray):
            return {"array": loaded}
        with loaded:
            return {name: np.asarray(loaded[name]) for name in loaded.files}
    except ArchiveError:
        raise
    except Exception as error:  # whatever a damaged file makes NumPy stumble over
        if "pickle" in str(error) or "Object arrays" in str(error):
            raise UnsafeArchiveError(
                f"{source}: holds Python objects, which can run code when they are read; only numbers and texts are "
                f"accepted, and nothing was run. Save it without dtype=object."
            ) from error
        raise ArchiveError(f"{source}: not a file of NumPy arrays, or damaged ({error}). Get it again.") from error


def _check_room(source: Path, room: int) -> None:
    """Refuses a zip that unpacks to more than `room` bytes, by what it says of itself; reading stops there too."""
    with zipfile.ZipFile(source) as archive:
        names = archive.namelist()
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > room:
        raise UnsafeArchiveError(f"{source}: unpacks to {unpacked} bytes; {room} are accepted for a file of its size.")
    if len(set(names)) != len(names):
        raise UnsafeArchiveError(f"{source}: holds an array twice.")


def _without_twins(pairs: list[tuple[str, Any]], source: Path) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise UnsafeArchiveError(f"{source}: the key {twin[:80]!r} is there twice; readers disagree which one counts.")
    return result
