"""R1: a run is killed at any moment, and resumed; its losses and weights are those of an unbroken one, to the bit."""

import random
import time

import pytest

from tests.reliability.moments import Moment
from tests.reliability.results import results_of, resumed, stray_files, unreadable_files
from tests.reliability.runs import train, train_without_states
from tests.reliability.warm_processes import exit_code, start

pytestmark = pytest.mark.skipif("os.name == 'nt'", reason="Windows has no SIGKILL")

DURATION_SECONDS = 0.35
"""About what a run takes after its start; moments in time are drawn from it."""

IN_CHECKPOINTS = [
    ("epochs", Moment("write", 2, share=0.0)),
    ("epochs", Moment("write", 4, share=0.9)),
    ("steps", Moment("fsync", 3)),
    ("epochs", Moment("rename", 4)),
    ("epochs", Moment("renamed", 6)),
]
IN_ARCHIVES = [
    ("archives", Moment("write", 2, ".nemo")),
    ("archives", Moment("rename", 3, ".nemo")),
    ("epochs", Moment("rename", 1, ".nemo")),
]
IN_VALIDATIONS = [
    ("epochs", Moment("validation", 6)),
    ("steps", Moment("validation", 9)),
    ("inside epochs", Moment("validation", 6)),
]
WITH_WORKERS = [("workers", Moment("step", 8)), ("workers", Moment("validation", 7))]
IN_STEPS = [("epochs", Moment("stepped", 7)), ("accumulated", Moment("step", 10))]
TIMES = 5

MORE_IN_CHECKPOINTS = [
    *[(kind, Moment("write", count, share=share)) for kind, count, share in
      (("epochs", 1, 0.1), ("epochs", 3, 0.3), ("epochs", 5, 0.6), ("steps", 6, 0.8), ("workers", 3, 0.5))],
    *[(kind, Moment(place, count)) for place in ("fsync", "rename", "renamed", "remove")
      for kind, count in (("epochs", 2), ("steps", 5))],
]  # fmt: skip
MORE_WITH_AVERAGES = [
    ("averaged", Moment(place, count)) for place, count in (("step", 8), ("rename", 6), ("renamed", 7), ("remove", 2))
]
MORE_IN_ARCHIVES = [
    *[("archives", Moment("write", count, ".nemo", share=0.9)) for count in (1, 3, 5)],
    ("archives", Moment("fsync", 4, ".nemo")),
    ("archives", Moment("renamed", 5, ".nemo")),
    ("steps", Moment("renamed", 1, ".nemo")),
]
MORE_IN_VALIDATIONS = [
    *[("epochs", Moment("validation", count)) for count in (1, 4, 12)],
    *[("accumulated", Moment("validation", count)) for count in (2, 8)],
    ("inside epochs", Moment("validation", 20)),
]
MORE_WITH_WORKERS = [
    ("workers", Moment(place, count)) for place in ("step", "backward", "stepped") for count in (1, 14)
]
MORE_TIMES = 20


def name(case):
    kind, moment = case
    return f"{kind}, {moment.place} {moment.count} {moment.suffix} {moment.share:g}"


def check(folder, kind, unbroken):
    """After the kill: nothing is half written; after resuming: nothing is different, and nothing is left over."""
    assert not unreadable_files(folder)
    assert resumed(folder, kind) == unbroken(kind)
    assert not stray_files(folder)


def kill_at(folder, case, unbroken):
    kind, moment = case
    assert exit_code(start(train, str(folder), kind, moment, "SIGKILL")) == -9
    check(folder, kind, unbroken)


def kill_after(folder, seed, unbroken):
    drawn = random.Random(seed)
    kind = drawn.choice(["epochs", "steps", "archives", "inside epochs", "accumulated"])
    process = start(train, str(folder), kind)
    while not (folder / "began").exists():
        time.sleep(0.002)
    time.sleep(drawn.uniform(0, DURATION_SECONDS))
    process.kill()
    if exit_code(process) == 0:  # it was quicker
        assert results_of(folder) == unbroken(kind)
    check(folder, kind, unbroken)


@pytest.mark.battery("R1")
@pytest.mark.parametrize("case", IN_CHECKPOINTS + IN_ARCHIVES + IN_VALIDATIONS + WITH_WORKERS + IN_STEPS, ids=name)
def test_a_run_killed_at_a_moment_goes_on_to_the_bit(case, tmp_path, unbroken):
    kill_at(tmp_path, case, unbroken)


@pytest.mark.battery("R1")
@pytest.mark.parametrize("seed", range(TIMES))
def test_a_run_killed_at_some_time_goes_on_to_the_bit(seed, tmp_path, unbroken):
    kill_after(tmp_path, seed, unbroken)


@pytest.mark.slow
@pytest.mark.battery("R1")
@pytest.mark.parametrize(
    "case",
    MORE_IN_CHECKPOINTS + MORE_WITH_AVERAGES + MORE_IN_ARCHIVES + MORE_IN_VALIDATIONS + MORE_WITH_WORKERS,
    ids=name,
)
def test_more_moments(case, tmp_path, unbroken):
    kill_at(tmp_path, case, unbroken)


@pytest.mark.slow
@pytest.mark.battery("R1")
@pytest.mark.parametrize("seed", range(100, 100 + MORE_TIMES))
def test_more_times(seed, tmp_path, unbroken):
    kill_after(tmp_path, seed, unbroken)


@pytest.mark.slow
@pytest.mark.battery("R1")
def test_a_run_killed_again_and_again_comes_to_its_end(tmp_path, unbroken):
    for count in range(1, 7):
        assert exit_code(start(train, str(tmp_path), "steps", Moment("step", 3), "SIGKILL")) == -9, count
        assert not unreadable_files(tmp_path)
    check(tmp_path, "steps", unbroken)


def test_the_trials_are_as_many_as_promised():
    few = [IN_CHECKPOINTS, IN_ARCHIVES, IN_VALIDATIONS, WITH_WORKERS, IN_STEPS]
    more = [MORE_IN_CHECKPOINTS, MORE_IN_ARCHIVES, MORE_IN_VALIDATIONS, MORE_WITH_WORKERS]
    assert sum(map(len, few)) + TIMES == 20
    assert [len(cases) for cases in more] == [13, 6, 6, 6]
    assert sum(map(len, more)) + MORE_TIMES >= 50


def test_losses_that_differ_are_seen(tmp_path, unbroken):
    """The other way round: a run that loses its random states is not taken for an unbroken one."""
    exit_code(start(train, str(tmp_path), "epochs", Moment("step", 8), "SIGKILL"))
    exit_code(start(train_without_states, str(tmp_path), "epochs"))
    assert results_of(tmp_path).weights != unbroken("epochs").weights
    assert any(len(losses) > 1 for losses in results_of(tmp_path).losses.values())
