"""The twin of a checkpoint: `<name>-EMA.ckpt` with the averaged weights beside `<name>.ckpt` with the trained ones.

The twin is written first, so that a checkpoint that is there has its twin. Where both are written again under their
old names, the old twin stays as `<name>-EMA.ckpt-previous` until both are safe: at no moment is there a checkpoint
without the twin of its step.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TWIN = "-EMA"
PREVIOUS = "-previous"


def twin_path(path: str | os.PathLike[str]) -> str:
    """`a.ckpt` -> `a-EMA.ckpt`."""
    stem, extension = os.path.splitext(path)
    return f"{stem}{TWIN}{extension}"


def is_twin(path: str | os.PathLike[str]) -> bool:
    """Whether a checkpoint holds averaged weights."""
    return os.path.splitext(path)[0].endswith(TWIN)


def lone_twins(folder: str | os.PathLike[str]) -> list[Path]:
    """Twins in a local folder whose checkpoint is gone: a run was killed between removing the one and the other."""
    twins = [path for path in Path(folder).glob(f"*{TWIN}.*") if is_twin(path)]
    return [path for path in twins if not path.with_name(path.stem.removesuffix(TWIN) + path.suffix).exists()]


def find_twin(path: str | os.PathLike[str], step: int, load: Callable[[str], dict[str, Any]]) -> dict[str, Any] | None:
    """Reads the twin that was written at the same step as the checkpoint; None when there is none."""
    for candidate in (twin_path(path), twin_path(path) + PREVIOUS):
        if os.path.exists(candidate):
            twin = load(candidate)
            if twin["global_step"] == step:
                return twin
    return None


@contextlib.contextmanager
def keeping_old_twin(path: str | os.PathLike[str], acts: bool) -> Iterator[None]:
    """Inside, a checkpoint and its twin are written; until both are, those of the same names stay readable.

    Args:
        path: the checkpoint.
        acts: whether this process is the one that writes.
    """
    twin = Path(twin_path(path))
    previous = Path(f"{twin}{PREVIOUS}")
    if acts and twin.exists() and os.path.exists(path):
        os.replace(twin, previous)
    yield
    if acts:
        previous.unlink(missing_ok=True)
