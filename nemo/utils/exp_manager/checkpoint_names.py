"""Checkpoints found again in their folder: which are complete, and how good their names say they are."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nemo.utils.exp_manager.ema_checkpoints import is_twin
from nemo.utils.exp_manager.unfinished import is_unfinished
from nemo.utils.parallel_paths import RANK_FOLDER, uninject_model_parallel_rank

SHARDED_MARKS = (".metadata", "metadata.json", "common.pt", "meta.pt")
"""One of these is in a folder that is a checkpoint itself, filled by several processes."""


def complete_checkpoints(folder: str | os.PathLike[str], extension: str) -> list[str]:
    """The complete checkpoints below a folder, other than the last, that of a run's end, and averaged weights.

    A checkpoint is a file, a folder, or one part for each rank of a model that is split over devices; such parts count
    as one, under the path without the ranks' folders.
    """
    found = {uninject_model_parallel_rank(path) for path in _checkpoints(Path(folder), extension)}
    return sorted(path for path in found if not _is_another_kind(path, extension) and not is_unfinished(path))


def _is_another_kind(path: str, extension: str) -> bool:
    return is_twin(path) or path.removesuffix(extension).endswith(("last", "end"))


def value_in_name(name: str, monitor: str) -> float:
    """The value of a metric in a file's name: `a--val_loss=0.1234-epoch=3` -> 0.1234; NaN where it has none."""
    match = re.search(rf"{re.escape(monitor)}=?(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)", name)
    return float(match[1]) if match else math.nan


def parts_of(checkpoint: str) -> list[str]:
    """The paths of a local checkpoint: itself, or the parts that the ranks wrote."""
    path = Path(checkpoint)
    if path.exists() or not path.parent.is_dir():
        return [checkpoint]
    return [str(part) for part in _in_rank_folders(path.parent, path.name)] or [checkpoint]


def state_in_folder(state: dict[str, Any], folder: str) -> dict[str, Any]:
    """The state of a ModelCheckpoint with the paths of a folder that has moved, or in which another run begins.

    Checkpoints that are not in the folder are left out.
    """
    before = str(state.get("dirpath", folder))
    if before == folder or "://" in before or "://" in folder:
        return {"best_k_models": {}, **state}

    def moved(path: str) -> str:
        path = os.path.join(folder, os.path.relpath(path, before)) if path else ""
        return path if os.path.exists(path) else ""

    best = {moved(path): score for path, score in state.get("best_k_models", {}).items()}
    best.pop("", None)
    paths = {name: moved(state.get(name, "")) for name in ("best_model_path", "kth_best_model_path", "last_model_path")}
    changed = {**state, **paths, "dirpath": folder, "best_k_models": best}
    if not paths["best_model_path"]:
        changed["best_model_score"] = None
    if not paths["kth_best_model_path"]:
        changed.pop("kth_value", None)
    return changed


def _in_rank_folders(folder: Path, name: str) -> Iterator[Path]:
    for child in sorted(folder.iterdir()):
        if RANK_FOLDER.match(child.name):
            if (child / name).exists():
                yield child / name
            yield from _in_rank_folders(child, name)


def _checkpoints(folder: Path, extension: str) -> Iterator[Path]:
    """Files and folders that are checkpoints; folders of ranks and those that names with a slash make are entered."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        is_folder = path.is_dir()
        if path.name.endswith(extension) or (is_folder and any((path / mark).exists() for mark in SHARDED_MARKS)):
            yield path
        elif is_folder:
            yield from _checkpoints(path, extension)
