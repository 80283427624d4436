"""The count of each battery: how many of its trials passed, and how long they took.

A test of a battery carries `@pytest.mark.battery("S1")`. One test is one trial, unless it says
`record_property("trials", 20)` after so many. `make battery` runs them all and prints a line for each battery.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pytest

REQUIRED = {
    "S1": (120, "malicious archives"),
    "S2": (30, "malicious checkpoints"),
    "S3": (40, "benign archives"),
    "R1": (20, "kill -9 at a random moment"),
    "R2": (20, "signals"),
    "R3": (36, "every sample once"),
    "R4": (1, "another number of processes"),
    "D1": (10, "full disk"),
    "D2": (8, "folders that cannot be written"),
    "M1": (60, "corrupted manifests"),
    "M2": (60, "corrupted audio"),
    "N1": (12, "values that are not finite"),
    "A1": (6, "several processes, one file"),
    "U1": (1, "archives of every version"),
    "F1": (12, "properties"),
    "F2": (5, "fuzzed readers"),
}
"""Battery -> trials it needs at least, and what is tried."""


@dataclass
class Count:
    """Trials of one battery so far."""

    tried: int = 0
    passed: int = 0
    skipped: int = 0
    seconds: float = 0.0


class BatteryReport:
    """Counts trials while pytest runs, and prints them at its end."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.counts: defaultdict[str, Count] = defaultdict(Count)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            marker = item.get_closest_marker("battery")
            if marker is None:
                continue
            if marker.args[0] not in REQUIRED:
                raise pytest.UsageError(f"{item.nodeid} is marked battery({marker.args[0]!r}), which is not known")
            self.names[item.nodeid] = marker.args[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = self.names.get(report.nodeid)
        if name is None:
            return
        count = self.counts[name]
        count.seconds += report.duration
        if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
            trials = int(dict(report.user_properties).get("trials", 1))
            count.tried += trials
            count.passed += trials if report.outcome == "passed" else 0
            count.skipped += trials if report.outcome == "skipped" else 0

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.counts:
            return
        terminalreporter.section("battery")
        for name, (needed, what) in REQUIRED.items():
            count = self.counts.get(name)
            if count is None:
                continue
            skipped = f", {count.skipped} skipped" if count.skipped else ""
            terminalreporter.write_line(
                f"{name}  {count.passed:4d} of {count.tried:4d} passed{skipped}  (needs {needed:3d})  "
                f"{count.seconds:6.1f} s  {what}"
            )
