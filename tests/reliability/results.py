"""What a run has left behind, and whether it is that of an unbroken one."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch

from nemo.core.archive.tar_reader import ArchiveReader
from tests.reliability.runs import train
from tests.reliability.warm_processes import run


@dataclass(frozen=True)
class Results:
    """Of one run, all its processes together."""

    losses: dict[str, set[str]]
    """`train 7` -> the losses of that step, one unless a process differed from another."""
    weights: str
    """SHA-256 of the final ones."""
    files: list[str]
    """Of checkpoints and archives."""


def results_of(folder: Path) -> Results:
    """Reads the files of a run."""
    losses: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "losses.txt").read_text().splitlines():
        kind, step, loss = json.loads(line)
        losses[f"{kind} {step}"].add(loss)
    return Results(dict(losses), (folder / "weights.sha256").read_text(), checkpoint_files(folder))


def checkpoint_files(folder: Path) -> list[str]:
    """Names of all that lies beside the checkpoints, hidden files too."""
    return sorted(path.name for path in (folder / "run" / "checkpoints").glob("*"))


def unreadable_files(folder: Path) -> list[str]:
    """Checkpoints and archives that cannot be read."""
    bad = []
    for path in (folder / "run").rglob("*"):
        if not path.name.startswith(".") and path.suffix in (".ckpt", ".nemo"):
            try:
                if path.suffix == ".ckpt":
                    torch.load(path, weights_only=True)
                else:
                    ArchiveReader(path).config_bytes()
            except Exception as error:  # whatever it is, the file is bad
                bad.append(f"{path}: {error!r}")
    return bad


def resumed(folder: Path, kind: str) -> Results:
    """Resumes a run and takes it to its end."""
    code = run(train, str(folder), kind)
    assert code == 0, (folder / "output.txt").read_text()[-3000:]
    return results_of(folder)


def stray_files(folder: Path) -> list[str]:
    """Temporary files and markers left."""
    return [str(path) for path in (folder / "run").rglob("*") if path.name.endswith((".tmp", "-unfinished", ".lock"))]
