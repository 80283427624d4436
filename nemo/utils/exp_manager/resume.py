"""Which checkpoint a run continues from: the candidates, the decision and why, in one block of the log."""

from __future__ import annotations

import logging
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nemo.utils.exp_manager.errors import NotFoundError
from nemo.utils.get_rank import is_global_rank_zero

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

logger = logging.getLogger(__name__)

UNFINISHED_SUFFIX = "-unfinished"
"""`<checkpoint>-unfinished` beside a checkpoint: release 2.x was stopped while writing; ours are renamed when whole."""


@dataclass
class Candidates:
    """What lies in the folder of the checkpoints."""

    folder: Path
    last: list[Path] = field(default_factory=list)
    end: list[Path] = field(default_factory=list)
    """Checkpoints of runs that came to their end."""
    unfinished: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)


def check_resume(
    trainer: Trainer,
    log_dir: str | Path,
    resume_if_exists: bool = False,
    resume_past_end: bool = False,
    resume_ignore_no_checkpoint: bool = False,
    dirpath: str | Path | None = None,
    resume_from_checkpoint: str | None = None,
) -> Path | None:
    """Chooses the checkpoint, tells the trainer, and moves the files of the earlier run into `run_<n>`.

    Args:
        trainer: gets `ckpt_path`.
        log_dir: folder of the run.
        resume_if_exists: continue from the `*last.ckpt` of the folder.
        resume_past_end: allow an `*end.ckpt`, the mark of a finished run.
        resume_ignore_no_checkpoint: without any, start from the beginning.
        dirpath: folder of the checkpoints; default: `<log_dir>/checkpoints`.
        resume_from_checkpoint: taken when the folder has none.

    Returns:
        The checkpoint; None when the run starts from the beginning.

    Raises:
        ValueError: there is no `log_dir`; the run has ended; or last checkpoints of several experiments lie there.
        NotFoundError: there is nothing to resume from.
        FileNotFoundError: `resume_from_checkpoint` does not exist.
    """
    if not log_dir:
        raise ValueError("log_dir is empty; resuming needs the folder of the run")
    chosen: Path | None = None
    why = "resume_if_exists is false"
    candidates = None
    if resume_if_exists:
        candidates = find_candidates(Path(dirpath) if dirpath else Path(log_dir) / "checkpoints")
        _remove_temporary_files(candidates.folder)
        chosen, why = choose(candidates, resume_past_end, resume_ignore_no_checkpoint)
    given = Path(resume_from_checkpoint) if resume_from_checkpoint else None
    if chosen is None and given is not None:
        if not given.exists():
            raise FileNotFoundError(f"resume_from_checkpoint is {given}, which does not exist")
        chosen, why = given, f"resume_from_checkpoint names it; {why}"
    elif given is not None:
        why += f"; resume_from_checkpoint ({given}) is not used, it was the start of this run"
    if candidates is not None or chosen is not None:
        _log_decision(candidates, chosen, why)
    if chosen is not None:
        trainer.ckpt_path = str(chosen)
        if resume_if_exists and is_global_rank_zero():
            _move_earlier_files(Path(log_dir))
    return chosen


def find_candidates(folder: Path) -> Candidates:
    """Sorts what lies below `folder`: `*last.ckpt` and `*end.ckpt`, or folders of these names."""
    found = Candidates(folder)
    if not folder.is_dir():
        return found
    for path in sorted(folder.rglob("*")):
        if path.is_dir() != (path.suffix != ".ckpt") or path.name.endswith(UNFINISHED_SUFFIX):
            continue
        if path.with_name(path.name + UNFINISHED_SUFFIX).exists():
            found.unfinished.append(path)
        elif path.stem.endswith("end"):
            found.end.append(path)
        elif path.stem.endswith("last"):
            found.last.append(path)
        elif path.suffix == ".ckpt":
            found.others.append(path)
    return found


def choose(found: Candidates, resume_past_end: bool, ignore_no_checkpoint: bool) -> tuple[Path | None, str]:
    """The checkpoint to continue from, and why.

    Raises:
        ValueError: the run has ended, or there are last checkpoints of several experiments.
        NotFoundError: there is none.
    """
    if found.end:
        if not resume_past_end:
            raise ValueError(
                f"{found.end[0]} says that this run has ended, so it is not resumed. Set resume_past_end to true to "
                "train on, or choose another version for a new run."
            )
        if len(found.end) > 1:
            raise ValueError(f"several checkpoints of ended runs, {_names(found.end)}: keep the one to resume from")
        return found.end[0], "the run had ended, and resume_past_end is true"
    if not found.last:
        where = f"{found.folder} has no *last.ckpt" if found.folder.is_dir() else f"{found.folder} does not exist"
        if not ignore_no_checkpoint:
            raise NotFoundError(
                f"resume_if_exists is true, but {where} to resume from. "
                "Set resume_ignore_no_checkpoint to true to start from the beginning then."
            )
        return None, f"{where}, and resume_ignore_no_checkpoint is true"
    experiments = {_experiment(path) for path in found.last}
    if len(experiments) > 1 and not any("mp_rank" in str(path) or "tp_rank" in str(path) for path in found.last):
        raise ValueError(
            f"several last checkpoints of different experiments, {_names(found.last)}: keep the one to resume from"
        )
    if len(found.last) == 1:
        return found.last[0], "it is the last checkpoint"
    # a crash between writing the new one and removing the old leaves both
    newest = max(found.last, key=lambda path: (_epoch(path), path.stat().st_mtime_ns))
    return newest, "it is the newest of the last checkpoints"


def _experiment(path: Path) -> str:
    return f"{path.parent}/{path.stem.partition('--')[0]}" if "--" in path.stem else str(path)


def _epoch(path: Path) -> int:
    match = re.search(r"epoch=?(\d+)", path.stem)
    return int(match[1]) if match else -1


def _names(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _log_decision(found: Candidates | None, chosen: Path | None, why: str) -> None:
    lines = [f"resuming from {chosen}" if chosen else "starting from the beginning", f"why: {why}"]
    if found is not None:
        lines.append(f"looked in: {found.folder}")
        for kind, paths in (
            ("last", found.last),
            ("end of a run", found.end),
            ("unfinished, ignored", found.unfinished),
            ("other checkpoints, not resumed from", found.others),
        ):
            lines += [f"{kind}: {path.relative_to(found.folder)}" for path in paths]
    level = logging.WARNING if chosen is None and found is not None and found.others else logging.INFO
    logger.log(level, "%s", "\n".join(lines))


def _remove_temporary_files(folder: Path) -> None:
    """What a run that was killed while writing left behind; nobody else writes into the folder of this run now."""
    if not folder.is_dir() or not is_global_rank_zero():
        return
    for path in folder.glob(".*.tmp"):
        if ".ckpt." in path.name or ".nemo." in path.name:
            logger.debug("removing %s, which a killed run left", path)
            path.unlink()


def _move_earlier_files(log_dir: Path) -> None:
    """Log files of the earlier run go into `run_<n>`, so that the new ones begin empty."""
    files = [path for path in log_dir.iterdir() if path.is_file()] if log_dir.is_dir() else []
    if not files:
        return
    taken = [int(match[1]) for path in log_dir.iterdir() if (match := re.fullmatch(r"run_(\d+)", path.name))]
    folder = log_dir / f"run_{max(taken, default=-1) + 1}"
    folder.mkdir()
    for path in files:
        shutil.move(str(path), str(folder / path.name))
