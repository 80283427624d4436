"""Trainings in processes of their own, several side by side, with what they cost in time and processor time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.demo.errors import DemoError
from examples.demo.training import REPOSITORY, find_archive, patient_threads

REPORT_EVERY_SECONDS = 60.0


@dataclass(frozen=True)
class Cost:
    """What a training took."""

    minutes: float
    cpu_minutes: float


@dataclass
class _Running:
    name: str
    process: subprocess.Popen[bytes]
    folder: Path
    started: float


def script(path: str, config: str, **overrides: object) -> list[str]:
    """The command of a training script below `examples`; it can be typed by hand as well.

    Args:
        path: of the script.
        config: its YAML file, both from `examples` on.
        overrides: ``key=value``, with two underscores for a dot.
    """
    yaml = REPOSITORY / "examples" / config
    return [
        sys.executable,
        str(REPOSITORY / "examples" / path),
        f"--config-path={yaml.parent}",
        f"--config-name={yaml.stem}",
        *(f"{key.replace('__', '.')}={value}" for key, value in overrides.items()),
    ]


def train_side_by_side(
    commands: Mapping[str, list[str]], folders: Mapping[str, Path], say: Callable[[str], None], threads: int = 1
) -> dict[str, Cost]:
    """Trains several models at once; interrupted ones go on where they stopped.

    Args:
        commands: by name of the model.
        folders: of their runs; each gets ``training.log``.
        say: gets a line of progress now and then.
        threads: of each.

    Raises:
        DemoError: one of them failed, or ended without leaving a model; the others are stopped.
    """
    running = [_start(name, command, folders[name], threads) for name, command in commands.items()]
    costs: dict[str, Cost] = {}
    said = time.monotonic()
    try:
        while len(costs) < len(running):
            time.sleep(0.5)
            for each in running:
                if each.name not in costs and (ended := _ended(each)) is not None:
                    costs[each.name] = ended
                    say(f"{each.name}: {ended.minutes:.1f} minutes, {ended.cpu_minutes:.1f} of one processor")
            if time.monotonic() - said > REPORT_EVERY_SECONDS:
                said = time.monotonic()
                say("; ".join(f"{each.name} {_progress(each)}" for each in running if each.name not in costs))
    except BaseException:  # Ctrl-C reaches the trainings too; they save what they have before we go
        for each in running:
            if each.process.returncode is None:
                each.process.terminate()
                each.process.wait(timeout=60)
        raise
    return costs


def _start(name: str, command: list[str], folder: Path, threads: int) -> _Running:
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**patient_threads(), "OMP_NUM_THREADS": str(threads)}
    with (folder / "training.log").open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL
        )
    return _Running(name, process, folder, time.monotonic())


def _ended(each: _Running) -> Cost | None:
    """What a training cost, once it has ended well."""
    number, status, usage = os.wait4(each.process.pid, os.WNOHANG)
    if number == 0:
        return None
    each.process.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for
    log = each.folder / "training.log"
    if each.process.returncode != 0:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise DemoError(f"{each.name}: exit status {each.process.returncode}. The end of {log}:\n{tail}")
    if find_archive(each.folder) is None:
        raise DemoError(f"{each.name} ended well but left no .nemo below {each.folder}; {log} says what happened.")
    return Cost((time.monotonic() - each.started) / 60, (usage.ru_utime + usage.ru_stime) / 60)


def _progress(each: _Running) -> str:
    """``20 epochs, val_loss 0.81``, from the name of the best checkpoint, which counts epochs from 0."""
    best = (path for path in each.folder.rglob("*-epoch=*.ckpt") if not path.stem.endswith("-last"))
    checkpoints = sorted(best, key=lambda path: path.stat().st_mtime)
    if not checkpoints:
        return "no checkpoint yet"
    quantity, epoch = checkpoints[-1].stem.split("--")[-1].split("-epoch=")
    return f"{int(epoch) + 1} epochs, {quantity.replace('=', ' ')}"
