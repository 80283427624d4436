"""``make demo``: fetch speech, train a small recogniser, restore it in a new process, show what it understands.

    python -m examples.demo.run                       telephone prompts; synthetic speech where these cannot be had
    python -m examples.demo.run --data an4            AN4
    python -m examples.demo.run trainer.max_epochs=5  anything else is passed on to the training script

Data stays in demo_data/, the run in demo_run/; a second call uses both again and an interrupted training goes on.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import time
from pathlib import Path

from examples.demo.data import choose_source, prepare_data
from examples.demo.errors import DemoError
from examples.demo.manifests import DemoData, describe
from examples.demo.training import REPOSITORY, TrainedModel, find_archive, patient_threads, train
from nemo.utils.exceptions import NeMoBaseException

EXPECTATION = {
    "prompts": """\
What to expect: the model heard one woman for a quarter of an hour and knows no words, only letters. It spells what it
hears, so new words come out as they sound, and another voice or microphone confuses it. More data helps most: with one
hundred hours of many voices such a network makes a few errors in a hundred words; here it makes many.""",
    "synthetic": """\
What to expect: this voice is a machine's, clean and always the same, so the model learns it fast and would not
understand people. On a Debian or Ubuntu machine `make demo DATA=prompts` trains on real recordings.""",
    "an4": """\
What to expect: AN4 has few words and many letters and numbers, so words are easy and spelled names are hard. With more
speakers and more hours the same recipe gets better; the vocabulary is whatever the data holds.""",
}


def say(line: str) -> None:
    """Prints at once, also into a pipe."""
    print(line, flush=True)


def get_data(wanted: str, root: Path) -> tuple[str, DemoData]:
    """The chosen source and its manifests; with ``auto``, synthetic speech where the recordings cannot be had."""
    source = choose_source() if wanted == "auto" else wanted
    if wanted == "auto" and source == "synthetic":
        say("This machine has no Debian package client, so speech is made here instead of fetched.")
    try:
        return source, prepare_data(source, root)
    except DemoError as error:
        if wanted != "auto" or source == "synthetic":
            raise
        say(f"The recordings cannot be had:\n  {error}\nGoing on with synthetic speech instead.")
        return "synthetic", prepare_data("synthetic", root)


def run(wanted: str, data_root: Path, run_root: Path, overrides: list[str]) -> None:
    """The four steps: data, training, report, where things lie."""
    started = time.monotonic()
    say("1. Data")
    source, data = get_data(wanted, data_root)
    say(f"  {data.description}")
    say(f"  training: {describe(data.spoken or data.train)}")
    say(f"  held out: {describe(data.held_out)}; no sentence is in both")

    say("2. Training")
    run_folder = run_root / source
    archive = find_archive(run_folder)
    if archive is not None:
        say(f"  done by an earlier run; to train anew, delete {run_folder}")
        trained = None
    else:
        trained = train(data, run_folder, overrides, lambda line: say(f"  {line}"))
        archive = trained.archive

    say("3. Held-out sentences, transcribed by the model restored in a new process\n")
    report = [sys.executable, "-m", "examples.demo.report", str(archive), str(data.held_out)]
    if subprocess.run(report, cwd=REPOSITORY, env=patient_threads(), check=False).returncode != 0:
        raise DemoError(f"The model could not be restored or used; the lines above say why. The model: {archive}")
    say_where(source, archive, run_folder, trained, (time.monotonic() - started) / 60)


def say_where(source: str, archive: Path, run_folder: Path, trained: TrainedModel | None, minutes: float) -> None:
    """Times, folders and the next commands."""
    nemo, tensorboard = (Path(sys.executable).with_name(name) for name in ("nemo", "tensorboard"))
    if trained is not None:
        say(f"\nTraining took {trained.minutes:.1f} minutes, everything {minutes:.1f}.")
        say(f"The largest process used {trained.peak_megabytes:.0f} MB.")
    say(f"\n{EXPECTATION[source]}\n")
    say(f"The model       {archive}")
    say(f"The curves      {tensorboard} --logdir {run_folder}")
    say(f"Your own wav    {nemo} transcribe --model {archive} your.wav")


def main(arguments: list[str]) -> int:
    """Returns the exit status; a failure is one paragraph on standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=["auto", "prompts", "synthetic", "an4"], default="auto")
    parser.add_argument("--data-folder", type=Path, default=REPOSITORY / "demo_data")
    parser.add_argument("--run-folder", type=Path, default=REPOSITORY / "demo_run")
    parser.add_argument("overrides", nargs="*", help="key=value for the training script")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="  %(message)s")
    try:
        run(chosen.data, chosen.data_folder.resolve(), chosen.run_folder.resolve(), chosen.overrides)
    except (DemoError, NeMoBaseException) as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on where this one stopped.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
