"""Where recordings lie below the folder of a data set."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def get_abs_rel_paths(input_path: Path, base_path: Path) -> tuple[Path, Path]:
    """A path as absolute and as relative to a folder; it may be given as either.

    Raises:
        ValueError: it is absolute and not in the folder.
    """
    if os.path.isabs(input_path):
        return Path(input_path), Path(input_path).relative_to(base_path)
    return Path(base_path) / input_path, Path(input_path)


def get_base_dir(paths: Iterable[str | os.PathLike[str]]) -> Path:
    """The folder that has all of some files in it or below it."""
    return Path(os.path.commonpath([Path(path).parent for path in paths]))
