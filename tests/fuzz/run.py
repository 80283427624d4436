"""Searches for inputs that break a reader, guided by the code that they reach: ``make fuzz SECONDS=60``.

    python -m tests.fuzz.run --seconds 60              all five targets, a process each
    python -m tests.fuzz.run --seconds 600 weights     one of them

Needs the package atheris, which `make fuzz` installs. Inputs that break a reader are kept below
`.fuzz/findings`; mend the reader, and put the input into `tests/fuzz/corpus/<target>`, where the tests try it for ever.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".fuzz"
LONGEST_INPUT = 16_384
OURS = ["nemo.core.archive", "nemo.collections.common.data.manifest", "nemo.collections.common.audio"]


def main() -> int:
    """Runs the targets and prints a line for each; the number of those with findings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="tar, config, manifest, wav, weights; default: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--inside", help=argparse.SUPPRESS)  # the process of one target
    chosen = parser.parse_args()
    if chosen.inside:
        fuzz(chosen.inside, chosen.seconds)
    targets = chosen.targets or ["tar", "config", "manifest", "wav", "weights"]
    return sum(not report(target, chosen.seconds) for target in targets)


def report(target: str, seconds: int) -> bool:
    """Runs a target in a process of its own; whether nothing was found."""
    (WORK / "findings").mkdir(parents=True, exist_ok=True)
    (WORK / "corpus" / target).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", "--inside", target, "--seconds", str(seconds)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    count = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stdout)
    fine = done.returncode == 0 and count is not None
    print(f"{target:<9} {count[1] if count else '?':>9} inputs in {seconds} s, {'nothing found' if fine else 'FOUND:'}")
    if not fine:
        print("\n".join(done.stdout.splitlines()[-40:]))
    return fine


def fuzz(target: str, seconds: int) -> None:
    """Fuzzes in this process, and ends it."""
    import atheris

    with atheris.instrument_imports(include=OURS):
        from tests.fuzz import targets

    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    options = [
        str(WORK / "corpus" / target),  # new inputs go here
        str(targets.CORPUS / target),
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST_INPUT}",
        "-timeout=30",
        "-rss_limit_mb=4096",  # growth is limited for each input
        f"-artifact_prefix={WORK / 'findings'}/{target}-",
        "-print_final_stats=1",
    ]
    with targets.quietly_watching(folder) as watch:
        atheris.Setup([sys.argv[0], *options], lambda data: targets.try_input(target, data, folder, watch))
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
