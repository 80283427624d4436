"""The training run of the demo: the ordinary training script in a process of its own, watched and timed."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from examples.demo.errors import DemoError
from examples.demo.manifests import DemoData

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "examples" / "asr" / "asr_ctc" / "speech_to_text_ctc.py"
CONFIG = REPOSITORY / "examples" / "asr" / "conf" / "demo" / "ctc_small_8khz.yaml"
REPORT_EVERY_SECONDS = 30.0


@dataclass(frozen=True)
class TrainedModel:
    """What a training run left."""

    archive: Path
    run_folder: Path
    minutes: float
    peak_megabytes: float


def training_command(data: DemoData, run_folder: Path, overrides: list[str]) -> list[str]:
    """The command that trains the demo's model; it can be typed by hand as well."""
    return [
        sys.executable,
        str(SCRIPT),
        f"--config-path={CONFIG.parent}",
        f"--config-name={CONFIG.stem}",
        f"model.train_ds.manifest_filepath={data.train}",
        f"model.validation_ds.manifest_filepath={data.held_out}",
        f"exp_manager.exp_dir={run_folder}",
        *data.overrides,
        *overrides,
    ]


def patient_threads() -> dict[str, str]:
    """The environment, with OpenMP's threads told to sleep while they wait for one another.

    By default they spin. Where another program wants a core too, two spinning threads are thirty times slower than one.
    """
    return {"OMP_WAIT_POLICY": "passive", **os.environ}


def find_archive(run_folder: Path) -> Path | None:
    """The `.nemo` that the experiment manager left at the end of training, if it is there."""
    found = sorted(run_folder.rglob("checkpoints/*.nemo"), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else None


def train(data: DemoData, run_folder: Path, overrides: list[str], say: Callable[[str], None]) -> TrainedModel:
    """Trains, or goes on where an interrupted run stopped.

    Args:
        data: the manifests.
        run_folder: the experiment's folder; also gets ``training.log``.
        overrides: further ``key=value`` for the training script.
        say: gets a line of progress now and then.

    Raises:
        DemoError: the training script failed, or ended without leaving a model.
    """
    run_folder.mkdir(parents=True, exist_ok=True)
    log = run_folder / "training.log"
    started = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            training_command(data, run_folder, overrides),
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=REPOSITORY,
            env=patient_threads(),
        )
        try:
            _watch(process, run_folder, started, say)
        except BaseException:  # Ctrl-C: the training process saves what it has before we go
            process.wait(timeout=60)
            raise
    if process.returncode != 0:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise DemoError(f"Training ended with exit status {process.returncode}. The end of {log}:\n{tail}")
    archive = find_archive(run_folder)
    if archive is None:
        raise DemoError(f"Training ended well but left no .nemo below {run_folder}; {log} says what happened.")
    return TrainedModel(archive, run_folder, (time.monotonic() - started) / 60, children_peak_megabytes())


def _watch(process: subprocess.Popen[bytes], run_folder: Path, started: float, say: Callable[[str], None]) -> None:
    while True:
        try:
            process.wait(timeout=REPORT_EVERY_SECONDS)
            return
        except subprocess.TimeoutExpired:
            say(f"{time.monotonic() - started:4.0f} s  {progress(run_folder)}")


def progress(run_folder: Path) -> str:
    """``12 epochs, held-out WER 61%``, read from the name of the newest checkpoint, which counts epochs from 0."""
    checkpoints = sorted(run_folder.rglob("*.ckpt"), key=lambda path: path.stat().st_mtime)
    named = re.search(r"val_wer=([\d.]+)-epoch=(\d+)", checkpoints[-1].name) if checkpoints else None
    if named is None:
        return "no checkpoint yet"
    return f"{int(named.group(2)) + 1} epochs, held-out WER {float(named.group(1)):.0%}"


def children_peak_megabytes() -> float:
    """Peak resident memory of the largest process started from here that has ended."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3  # bytes on macOS, kilobytes on Linux
