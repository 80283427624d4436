"""What all benchmarks share: timed repetitions, a flag for a busy machine, and one JSON line for each result.

A benchmark compares two functions that do the same work, interleaved so that both see the same machine. It is run as
``python -m benchmarks.NAME`` from the repository's root, and imports ``from benchmarks.measure import ...``:

    timings = compare({"ours": ours, "bare": bare}, repetitions=7)
    emit_ratio("mel_features", timings["ours"], timings["bare"], limit=1.25)

Times are medians. On a machine where others work, wall times mean little: the line then says ``"busy": true`` and the
CPU seconds beside it are the better guide. Nothing here fails because of a time; ``within_limit`` only says.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BUSY_CORES = 0.2
"""Cores used by other processes above which a measurement is flagged."""


@dataclass
class Timing:
    """Seconds of each repetition of one function."""

    wall_seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    other_cores: float | None = None
    """Cores that other processes used meanwhile; None where the system does not tell."""

    @property
    def median(self) -> float:
        """Median wall seconds."""
        return statistics.median(self.wall_seconds)

    @property
    def cpu(self) -> float:
        """Median CPU seconds of this process, all its threads and finished children."""
        return statistics.median(self.cpu_seconds)

    @property
    def busy(self) -> bool:
        """True if other processes took a noticeable part of the machine."""
        return self.other_cores is not None and self.other_cores > BUSY_CORES

    def add(self, function: Callable[[], object]) -> None:
        """Runs `function` once and keeps its times."""
        cpu, wall = _own_cpu_seconds(), time.perf_counter()
        function()
        self.wall_seconds.append(time.perf_counter() - wall)
        self.cpu_seconds.append(_own_cpu_seconds() - cpu)


def compare(functions: Mapping[str, Callable[[], object]], repetitions: int = 5, warmup: int = 1) -> dict[str, Timing]:
    """Times several functions in turns, so that a change of the machine's load hits all alike.

    Args:
        functions: name -> function without arguments.
        repetitions: timed runs of each.
        warmup: untimed runs of each before.
    """
    for _ in range(warmup):
        for function in functions.values():
            function()
    timings = {name: Timing() for name in functions}
    started, own, machine = time.perf_counter(), _own_cpu_seconds(), _machine_cpu_seconds()
    for _ in range(repetitions):
        for name, function in functions.items():
            timings[name].add(function)
    wall, own = time.perf_counter() - started, _own_cpu_seconds() - own
    machine_after = _machine_cpu_seconds()
    # the system counts in ticks of 10 ms: less than a second of measurements says nothing about others
    if machine is not None and machine_after is not None and wall > 1.0:
        for timing in timings.values():
            timing.other_cores = max(0.0, machine_after - machine - own) / wall
    return timings


def measure(function: Callable[[], object], repetitions: int = 5, warmup: int = 1) -> Timing:
    """Times one function."""
    return compare({"": function}, repetitions, warmup)[""]


def emit(
    name: str,
    value: float,
    *,
    unit: str,
    limit: float | None = None,
    reference: object = None,
    timing: Timing | None = None,
    at_least: bool = False,
    **detail: Any,
) -> None:
    """Prints one result as a JSON line on standard output.

    Args:
        name: what was measured.
        value: the result in `unit`.
        unit: ``"ms"``, ``"ratio"``, ``"packages"`` ...
        limit: the target; `value` should not be above it (below it with `at_least`).
        reference: what `value` is compared with: a number or words.
        timing: where the value comes from; adds repetitions, CPU time and whether the machine was busy.
        at_least: the limit is a lower one.
        detail: any further figures.
    """
    line: dict[str, object] = {"name": name, "value": _short(value), "unit": unit}
    if limit is not None:
        line |= {"limit": limit, "within_limit": value >= limit if at_least else value <= limit}
    if reference is not None:
        line["reference"] = _short(reference)
    line |= {key: _short(figure) for key, figure in detail.items()}
    if timing is not None:
        line |= {
            "repetitions": len(timing.wall_seconds),
            "wall_seconds": _short(timing.median),
            "cpu_seconds": _short(timing.cpu),
            "busy": timing.busy,
        }
    line["threads"] = _torch_threads()
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def emit_ratio(name: str, ours: Timing, reference: Timing, limit: float | None = None, **detail: Any) -> None:
    """Prints how many times longer `ours` takes than `reference`; CPU times give a second ratio."""
    emit(
        name,
        ours.median / reference.median,
        unit="ratio",
        limit=limit,
        reference=reference.median,
        timing=ours,
        cpu_ratio=ours.cpu / reference.cpu if reference.cpu else None,
        **detail,
    )


def _short(figure: object) -> object:
    return float(f"{figure:.5g}") if isinstance(figure, float) else figure


def _own_cpu_seconds() -> float:
    used = os.times()
    return time.process_time() + used.children_user + used.children_system


def _machine_cpu_seconds() -> float | None:
    """CPU seconds that all processes of the machine used since it started; None where the system does not tell."""
    statistics_file = Path("/proc/stat")
    if not statistics_file.exists():
        return None
    user, nice, system, _idle, _iowait, irq, softirq = map(int, statistics_file.read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _torch_threads() -> int | None:
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch is not None else None
