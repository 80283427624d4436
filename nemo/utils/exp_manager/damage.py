"""Whether a checkpoint is whole, which of several is the newest, and what to do about a damaged one.

Our own writer leaves no half of a file. Other programs do: a copy that was broken off, a disk that lost its last pages.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import torch

from nemo.utils.exp_manager.ema_checkpoints import is_twin

EMPTY = "it is empty"

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"


def damage_of(path: Path, thorough: bool = False) -> str | None:
    """What is wrong with a file of `torch.save`; None when nothing is, and for folders.

    Args:
        path: the checkpoint.
        thorough: compare the checksums of all that is in it; otherwise only its table of contents is read.
    """
    if path.is_dir():
        return None
    try:
        with open(path, "rb") as file:
            start = file.read(4)
        if not start:
            return EMPTY
        if not start.startswith(_ZIP):
            return None if start.startswith(_PICKLE) else f"it begins with {start!r}, as no checkpoint does"
        with zipfile.ZipFile(path) as archive:
            if not any(name.endswith("data.pkl") for name in archive.namelist()):
                return "it is a zip file, but not one that torch.save wrote"
            broken = archive.testzip() if thorough else None
    except zipfile.BadZipFile:
        return "it is cut off"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return f"the checksum of {broken} in it is wrong" if broken else None


def newest_first(paths: Iterable[Path]) -> list[Path]:
    """Checkpoints ordered by training steps; where these are not known by the epoch in the name, then by file time.

    The clocks of a cluster's nodes differ, and copies have new times: a file time decides only where nothing else does.
    """
    steps = {path: _steps_in(path) for path in paths}
    epochs = {path: epoch_in_name(path) for path in steps}
    if any(step is None for step in steps.values()):
        return sorted(steps, key=lambda path: (epochs[path], steps[path] or -1, _time_of(path)), reverse=True)
    return sorted(steps, key=lambda path: (steps[path], epochs[path], _time_of(path)), reverse=True)


def epoch_in_name(path: Path) -> int:
    """The epoch that a checkpoint's name says; -1 where it says none."""
    match = re.search(r"epoch=?(\d+)", path.name)
    return int(match[1]) if match else -1


def advice(damaged: Path) -> str:
    """What to do about a damaged checkpoint: the next older whole one beside it is named."""
    others = [path for path in damaged.parent.glob("*.ckpt") if path != damaged and not is_twin(path)]
    beside = [path for path in others if damage_of(path) is None]
    if not beside:
        return f"No other whole checkpoint lies in {damaged.parent}. Move the file away to start from the beginning."
    return (
        f"The next older one is {newest_first(beside)[0]}. To continue from it, move the damaged file away and set "
        "exp_manager.resume_from_checkpoint to it."
    )


def _steps_in(path: Path) -> int | None:
    """Training steps that a checkpoint has seen; its tensors are not read."""
    if not path.is_file():
        return None
    try:
        found = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except (RuntimeError, ValueError, EOFError, OSError, pickle.UnpicklingError):
        return None
    step = found.get("global_step") if isinstance(found, dict) else None
    return step if isinstance(step, int) else None


def _time_of(path: Path) -> int:
    return path.lstat().st_mtime_ns  # of a link to nowhere, too
