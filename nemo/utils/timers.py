"""Stop watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nemo.utils.exceptions import ConfigError

REDUCTIONS: dict[str, Callable[[list[float]], Any]] = {
    "mean": lambda times: sum(times) / len(times),
    "sum": sum,
    "min": min,
    "max": max,
    "none": list,
}


class NamedTimer:
    """Measures several things by name; each may be started and stopped many times.

    Args:
        reduction: what :meth:`get` makes of the times of one name: mean, sum, min, max, or none for the list.
        sync_cuda: wait for the GPU before reading the clock.
        buffer_size: keep the last so many times of each name; -1 keeps all.
    """

    def __init__(self, reduction: str = "mean", sync_cuda: bool = False, buffer_size: int = -1) -> None:
        if reduction not in REDUCTIONS:
            raise ConfigError(f"reduction is {reduction!r}; choose one of {', '.join(REDUCTIONS)}")
        self._reduce = REDUCTIONS[reduction]
        self.reduction = reduction
        self.sync_cuda = sync_cuda
        self.buffer_size = buffer_size
        self.reset()

    def reset(self, name: str | None = None) -> None:
        """Forgets the times of `name`; of everything without a name."""
        if name is None:
            self._times: dict[str, list[float]] = {}
            self._started: dict[str, float] = {}
        else:
            self._times.pop(name, None)
            self._started.pop(name, None)

    def start(self, name: str = "") -> None:
        """Starts the watch `name`.

        Raises:
            RuntimeError: it is running.
        """
        if name in self._started:
            raise RuntimeError(f"the timer {name!r} is running; stop it before it is started again")
        self._started[name] = self._now()

    def stop(self, name: str = "") -> None:
        """Stops the watch `name` and keeps the seconds.

        Raises:
            RuntimeError: it is not running.
        """
        if name not in self._started:
            raise RuntimeError(f"the timer {name!r} is not running; start it before it is stopped")
        times = self._times.setdefault(name, [])
        times.append(self._now() - self._started.pop(name))
        if self.buffer_size > 0:
            del times[: -self.buffer_size]

    def is_active(self, name: str = "") -> bool:
        """Whether the watch `name` is running."""
        return name in self._started

    def active_timers(self) -> list[str]:
        """Names of the running watches."""
        return list(self._started)

    def get(self, name: str = "") -> Any:
        """Seconds of `name`, reduced; 0.0 if it never ran (an empty list for the reduction none)."""
        times = self._times.get(name, [])
        if not times:
            return [] if self.reduction == "none" else 0.0
        return self._reduce(times)

    def export(self) -> dict[str, Any]:
        """Name -> reduced seconds."""
        return {name: self.get(name) for name in self._times}

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def _now(self) -> float:
        if self.sync_cuda:
            import torch

            if torch.cuda.is_available():
                torch.cuda.synchronize()
        return time.perf_counter()


class SimpleTimer:
    """Measures the sum of the time between starts and stops; also a context manager."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Back to zero, not running."""
        self._total = 0.0
        self._started: float | None = None

    def start(self) -> None:
        """Starts the watch.

        Raises:
            RuntimeError: it is running.
        """
        if self._started is not None:
            raise RuntimeError("the timer is running; stop it before it is started again")
        self._started = time.perf_counter()

    def stop(self) -> None:
        """Stops the watch.

        Raises:
            RuntimeError: it is not running.
        """
        if self._started is None:
            raise RuntimeError("the timer is not running; start it before it is stopped")
        self._total += time.perf_counter() - self._started
        self._started = None

    def is_active(self) -> bool:
        """Whether it is running."""
        return self._started is not None

    def total_sec(self) -> float:
        """Seconds between all starts and stops so far, the running one included."""
        return self._total + (time.perf_counter() - self._started if self._started is not None else 0.0)

    def __enter__(self) -> SimpleTimer:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
