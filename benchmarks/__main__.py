"""Runs every benchmark, each in a process of its own: ``python -m benchmarks`` or ``python -m benchmarks mel wer``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
NOT_BENCHMARKS = {"__init__", "__main__", "measure"}


def main(names: list[str]) -> int:
    """Returns the number of benchmarks that failed to run; a missed target is no failure."""
    known = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_BENCHMARKS)
    unknown = set(names) - set(known)
    if unknown:
        sys.stderr.write(f"no benchmark named {', '.join(sorted(unknown))}; there are {', '.join(known)}\n")
        return len(unknown)
    failed = 0
    for name in names or known:
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=FOLDER.parent, check=False)
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
