import json

import pytest

from benchmarks.measure import Timing, compare, emit, emit_ratio


def read_line(capsys):
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def test_functions_are_run_in_turns_after_warming_up():
    order = []
    timings = compare({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, repetitions=2, warmup=1)
    assert order == ["a", "b"] * 3
    assert {name: len(timing.wall_seconds) for name, timing in timings.items()} == {"a": 2, "b": 2}


def test_median_ignores_one_slow_run():
    assert Timing([1.0, 1.2, 9.0], [1.0, 1.1, 1.2]).median == 1.2


@pytest.mark.parametrize(("others", "busy"), [(None, False), (0.1, False), (0.9, True)])
def test_busy_means_that_others_used_the_machine(others, busy):
    assert Timing([1.0], [1.0], others).busy is busy


def test_line_says_whether_the_limit_is_met(capsys):
    emit("packages", 42, unit="packages", limit=45, reference="torch's own are not counted")
    assert read_line(capsys) == {
        "name": "packages",
        "value": 42,
        "unit": "packages",
        "limit": 45,
        "within_limit": True,
        "reference": "torch's own are not counted",
        "threads": 1,
    }


def test_lower_limits(capsys):
    emit("typed", 99.0, unit="percent", limit=100.0, at_least=True)
    assert read_line(capsys)["within_limit"] is False


def test_ratio_of_two_timings(capsys):
    emit_ratio("step", Timing([3.0], [2.0]), Timing([2.0], [4.0]), limit=1.25)
    line = read_line(capsys)
    assert (line["value"], line["cpu_ratio"], line["reference"], line["within_limit"]) == (1.5, 0.5, 2.0, False)
