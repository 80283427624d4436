"""Functions run in one or several processes, as torchrun or SLURM would start them.

The processes are forked from one that has imported everything, since an import of PyTorch and Lightning takes seconds.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 120.0
"""A job that takes longer hangs."""


@dataclass(frozen=True)
class Outcome:
    """What became of one process."""

    exit_code: int | None
    """None: it hung, and was ended."""
    result: Any
    output: str
    """Standard output and error together."""


def run_processes(
    job: Callable[..., Any],
    processes: int,
    folder: Path,
    *,
    launcher: str = "torchrun",
    seconds: float = SECONDS,
    seconds_after_first: float | None = None,
    fails: bool = False,
    **arguments: Any,
) -> list[Any]:
    """Runs `job(**arguments)` in each process; returns their results, or with `fails` their outcomes.

    Args:
        job: a function of a module; what it returns must be JSON.
        processes: 1 runs it without the variables of a launcher.
        folder: gets a file of output and one of the result for each process; also the working directory.
        launcher: whose variables are set: torchrun or slurm.
        seconds: processes that take longer are ended.
        seconds_after_first: what the others get after the first process has ended; default: `seconds`.
        fails: the processes may fail.
        **arguments: passed on; picklable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.scale.runs"])
    port = _free_port()
    started = []
    for rank in range(processes):
        variables = LAUNCHERS[launcher](rank, processes, port) if processes > 1 else {}
        process = context.Process(target=_run, args=(job, folder, rank, variables, arguments))
        process.start()
        started.append(process)
    outcomes = []
    for rank, process in enumerate(started):
        process.join(seconds if rank == 0 or seconds_after_first is None else seconds_after_first)
        hung = process.is_alive()
        if hung:
            process.kill()
            process.join()
        result = folder / f"result-{rank}.json"
        outcomes.append(
            Outcome(
                None if hung else process.exitcode,
                json.loads(result.read_text()) if result.exists() else None,
                (folder / f"output-{rank}.txt").read_text(errors="replace"),
            )
        )
        result.unlink(missing_ok=True)
    if fails:
        return outcomes
    failed = [
        f"process {rank} of {processes}: {outcome.exit_code}\n{outcome.output}"
        for rank, outcome in enumerate(outcomes)
        if outcome.exit_code != 0
    ]
    assert not failed, "\n".join(failed)
    return [outcome.result for outcome in outcomes]


def torchrun_variables(rank: int, processes: int, port: int) -> dict[str, str]:
    """What torchrun sets on a single node."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "GROUP_RANK": "0",
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_RUN_ID": "none",
        "TORCHELASTIC_RESTART_COUNT": "0",
    }


def slurm_variables(rank: int, processes: int, port: int) -> dict[str, str]:
    """What `srun` sets, for one task on each of so many nodes that all are this machine."""
    return {
        "SLURM_JOB_ID": "4242",
        "SLURM_JOB_NAME": "train",
        "SLURM_NTASKS": str(processes),
        "SLURM_NTASKS_PER_NODE": "1",
        "SLURM_NNODES": str(processes),
        "SLURM_NODEID": str(rank),
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": "0",
        "SLURM_NODELIST": "127.0.0.1",
        "MASTER_PORT": str(port),
    }


LAUNCHERS = {"torchrun": torchrun_variables, "slurm": slurm_variables}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _run(
    job: Callable[..., Any], folder: Path, rank: int, variables: dict[str, str], arguments: dict[str, Any]
) -> None:
    output = os.open(folder / f"output-{rank}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
    os.environ.update(variables)
    os.chdir(folder)
    import torch

    torch.set_num_threads(1)
    try:
        result = job(**arguments)
        (folder / f"result-{rank}.json").write_text(json.dumps(result))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)  # at once, as a process that was killed: no clean-up waits for the others
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
