"""Which checkpoint a run continues from: the candidates, the decision and why, in one block of the log.

The first process decides and the others follow, where they can talk already. Where the trainer starts them later, each
reads the folder by the same rules, and before training :func:`check_same_checkpoint` compares what they found.
"""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from nemo.utils.atomic import remove_stray_files
from nemo.utils.exp_manager.damage import EMPTY, advice, damage_of, newest_first
from nemo.utils.exp_manager.errors import CheckpointReadError, NotFoundError
from nemo.utils.exp_manager.unfinished import UNFINISHED_SUFFIX, is_unfinished
from nemo.utils.get_rank import is_global_rank_zero

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

logger = logging.getLogger(__name__)
WRITTEN_LAST = "meta.pt"
"""File that Lightning writes last into a checkpoint that is a folder, of parts from several processes."""


@dataclass
class Candidates:
    """What lies in the folder of the checkpoints."""

    folder: Path
    last: list[Path] = field(default_factory=list)
    end: list[Path] = field(default_factory=list)
    """Checkpoints of runs that came to their end."""
    unfinished: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    damaged: dict[Path, str] = field(default_factory=dict)
    """Last checkpoints, and those of a run's end, that cannot be read -> why."""


Decision = tuple[Candidates | None, Path | None, str]
"""What was found, what was chosen, and why."""


def check_resume(
    trainer: Trainer,
    log_dir: str | Path,
    resume_if_exists: bool = False,
    resume_past_end: bool = False,
    resume_ignore_no_checkpoint: bool = False,
    dirpath: str | Path | None = None,
    resume_from_checkpoint: str | None = None,
    tell: Callable[[int, str], None] | None = None,
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
        tell: gets the level and the text of the decision; default: it is logged.

    Returns:
        The checkpoint; None when the run starts from the beginning.

    Raises:
        ValueError: there is no `log_dir`; the run has ended; or last checkpoints of several experiments lie there.
        NotFoundError: there is nothing to resume from.
        CheckpointReadError: what there is cannot be read; the message names the next older one.
        FileNotFoundError: `resume_from_checkpoint` does not exist.
    """
    if not log_dir:
        raise ValueError("log_dir is empty; resuming needs the folder of the run")
    folder = Path(dirpath) if dirpath else Path(log_dir) / "checkpoints"

    def decide() -> Decision:
        if not resume_if_exists:
            return _with_given(None, None, "resume_if_exists is false", resume_from_checkpoint)
        found = find_candidates(folder)
        chosen, why = choose(found, resume_past_end, resume_ignore_no_checkpoint)
        return _with_given(found, chosen, why, resume_from_checkpoint)

    candidates, chosen, why = _as_the_first_process(decide)
    if candidates is not None or chosen is not None:
        (tell or log_decision)(*_described(candidates, chosen, why))
    if resume_if_exists and is_global_rank_zero():
        _tidy(Path(log_dir), folder)
        if chosen is not None:
            _move_earlier_files(Path(log_dir))
    if chosen is not None:
        trainer.ckpt_path = str(chosen)
    return chosen


def check_same_checkpoint(trainer: Trainer) -> None:
    """Refuses to train if the processes of a run would continue from different checkpoints.

    A shared disk may show a file to one node later than to another.

    Raises:
        CheckpointReadError: in every process; names both.
    """
    if trainer.world_size == 1:
        return
    own = str(trainer.ckpt_path)
    first = str(trainer.strategy.broadcast(own))
    if trainer.strategy.reduce_boolean_decision(own == first, all=True):
        return
    raise CheckpointReadError(
        f"the processes of this run would continue from different checkpoints: the first one from {first}, process "
        f"{trainer.global_rank} from {own}. The shared disk shows them different files; start the run again."
    )


def older_last_checkpoints(resumed: Path, folder: Path) -> list[Path]:
    """Other last checkpoints beside the one that a run was resumed from, which a crash kept from being removed."""
    last = find_candidates(folder).last
    if resumed not in last:  # the run began with the checkpoint of another
        return []
    return [path for path in last if path != resumed and path.parent == resumed.parent and damage_of(path) is None]


def _with_given(found: Candidates | None, chosen: Path | None, why: str, given_path: str | None) -> Decision:
    """The decision, `resume_from_checkpoint` considered."""
    if not given_path:
        return found, chosen, why
    given = Path(given_path)
    if chosen is not None:
        return found, chosen, f"{why}; resume_from_checkpoint ({given}) is not used, it was the start of this run"
    if not given.exists():
        raise FileNotFoundError(f"resume_from_checkpoint is {given}, which does not exist")
    damage = damage_of(given)
    if damage not in (None, EMPTY):
        raise CheckpointReadError(f"resume_from_checkpoint is {given}, and {damage}. {advice(given)}")
    return found, given, f"resume_from_checkpoint names it; {why}"


def _as_the_first_process(decide: Callable[[], Decision]) -> Decision:
    """The decision of the first process, or its error, in every process that can hear it; else each decides."""
    outcome: Any
    try:
        outcome = decide()
    except (ValueError, OSError, NotFoundError, CheckpointReadError) as error:
        outcome = error
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        outcomes = [outcome]
        torch.distributed.broadcast_object_list(outcomes, src=0)
        outcome = outcomes[0]
    if isinstance(outcome, Exception):
        raise outcome
    decision: Decision = outcome
    return decision


def find_candidates(folder: Path) -> Candidates:
    """Sorts what lies below `folder`: `*last.ckpt` and `*end.ckpt`, or folders of these names."""
    found = Candidates(folder)
    if not folder.is_dir():
        return found
    for path in sorted(folder.rglob("*")):
        in_one_file = path.suffix == ".ckpt" and not path.is_dir()  # or a link to nowhere
        in_parts = path.is_dir() and (path.suffix != ".ckpt" or (path / WRITTEN_LAST).exists())
        if not (in_one_file or in_parts) or path.name.endswith(UNFINISHED_SUFFIX):
            continue
        stem = path.name.removesuffix(".ckpt")  # Path.stem cuts the name of a folder at the dot of a number
        is_end, is_last = stem.endswith("end"), stem.endswith("last")
        damage = damage_of(path) if is_end or is_last else None
        if is_unfinished(path):
            found.unfinished.append(path)
        elif damage not in (None, EMPTY):  # an empty one counts where there is no other
            found.damaged[path] = str(damage)
        elif is_end:
            found.end.append(path)
        elif is_last:
            found.last.append(path)
        elif path.suffix == ".ckpt":
            found.others.append(path)
    return found


def choose(found: Candidates, resume_past_end: bool, ignore_no_checkpoint: bool) -> tuple[Path | None, str]:
    """The checkpoint to continue from, and why.

    Raises:
        ValueError: the run has ended, or there are last checkpoints of several experiments.
        NotFoundError: there is none.
        CheckpointReadError: there is none that can be read.
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
    if not found.last and found.damaged:
        path = newest_first(found.damaged)[0]
        raise CheckpointReadError(f"the checkpoint {path} is damaged: {found.damaged[path]}. {advice(path)}")
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
    whole = [path for path in found.last if damage_of(path) != EMPTY]
    return newest_first(whole or found.last)[0], "it is the newest of the last checkpoints"


def _experiment(path: Path) -> str:
    return f"{path.parent}/{path.stem.partition('--')[0]}" if "--" in path.stem else str(path)


def _names(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def log_decision(level: int, text: str) -> None:
    """Writes what :func:`check_resume` has decided into the log."""
    logger.log(level, "%s", text)


def _described(found: Candidates | None, chosen: Path | None, why: str) -> tuple[int, str]:
    """Log level and text."""
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
        lines += [f"damaged, ignored: {path.relative_to(found.folder)} ({why})" for path, why in found.damaged.items()]
    alarming = found is not None and (found.damaged or (chosen is None and found.others))
    return logging.WARNING if alarming else logging.INFO, "\n".join(lines)


def _tidy(log_dir: Path, folder: Path) -> None:
    """Removes what a run that was killed while writing left behind."""
    for place in (log_dir, folder, *(path for path in folder.rglob("*") if path.is_dir())):
        remove_stray_files(place)


def _move_earlier_files(log_dir: Path) -> None:
    """Log files of the earlier run go into `run_<n>`, so that the new ones begin empty."""
    files = [path for path in log_dir.iterdir() if path.is_file()] if log_dir.is_dir() else []
    files = [path for path in files if not re.match(r"\..*\.tmp$", path.name)]  # another process is writing it
    if not files:
        return
    taken = [int(match[1]) for path in log_dir.iterdir() if (match := re.fullmatch(r"run_(\d+)", path.name))]
    folder = log_dir / f"run_{max(taken, default=-1) + 1}"
    folder.mkdir(exist_ok=True)
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # somebody else resumes the same run
            shutil.move(str(path), str(folder / path.name))
