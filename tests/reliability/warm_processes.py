"""Processes that begin with PyTorch and Lightning imported: a server imports them once, and each is forked from it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

LONGEST_SECONDS = 60

_context: Any = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["torch", "pytorch_lightning", "nemo.utils.exp_manager.manager", "nemo.core"])


def start(function: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Runs a function of a module in a process of its own."""
    process: BaseProcess = _context.Process(target=function, args=arguments)
    process.start()
    return process


def exit_code(process: BaseProcess) -> int:
    """Waits for the end of a process; minus the number of the signal if one has killed it."""
    process.join(LONGEST_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"the process hung for {LONGEST_SECONDS} s")
    return process.exitcode


def run(function: Callable[..., None], *arguments: Any) -> int:
    """Runs a function in a process to its end."""
    return exit_code(start(function, *arguments))


def wait_until_gone(pids: list[int], seconds: float) -> list[int]:
    """Waits for processes to end, which need not be ours; gives those that live on."""
    ends = time.monotonic() + seconds
    while (alive := [pid for pid in pids if _is_alive(pid)]) and time.monotonic() < ends:
        time.sleep(0.05)
    return alive


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
