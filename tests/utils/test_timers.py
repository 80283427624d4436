import pytest

from nemo.utils.exceptions import ConfigError
from nemo.utils.timers import NamedTimer, SimpleTimer


@pytest.fixture
def clock(monkeypatch):
    """Every look at the clock takes the next of these seconds."""
    seconds = iter([0.0, 1.0, 10.0, 13.0, 20.0, 22.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(seconds))


@pytest.mark.parametrize(
    ("reduction", "value"), [("mean", 2.0), ("sum", 6.0), ("min", 1.0), ("max", 3.0), ("none", [1.0, 3.0, 2.0])]
)
def test_reductions_of_three_times(clock, reduction, value):
    timer = NamedTimer(reduction=reduction)
    for _ in range(3):
        timer.start("step")
        assert timer.is_active("step")
        timer.stop("step")
    assert timer["step"] == value
    assert timer.export() == {"step": value}


def test_the_buffer_keeps_the_last(clock):
    timer = NamedTimer(reduction="none", buffer_size=2)
    for _ in range(3):
        timer.start()
        timer.stop()
    assert timer.get() == [3.0, 2.0]


def test_wrong_order_is_an_error():
    timer = NamedTimer()
    with pytest.raises(RuntimeError, match="'a' is not running"):
        timer.stop("a")
    timer.start("a")
    with pytest.raises(RuntimeError, match="'a' is running"):
        timer.start("a")
    assert timer.active_timers() == ["a"]
    timer.reset("a")
    assert timer.active_timers() == []
    assert timer["a"] == 0.0


def test_unknown_reduction_is_named():
    with pytest.raises(ConfigError, match="reduction is 'median'; choose one of mean, sum"):
        NamedTimer(reduction="median")


def test_simple_timer_adds_up(clock):
    timer = SimpleTimer()
    with timer:
        pass
    with timer:
        assert timer.is_active()
    assert timer.total_sec() == 4.0
    with pytest.raises(RuntimeError, match="not running"):
        timer.stop()
