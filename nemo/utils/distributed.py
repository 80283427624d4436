"""Which of several processes this one is to PyTorch, and how the first of them tells the others."""

from __future__ import annotations

import argparse
import os
from typing import Any

import torch

from nemo.utils.app_state import AppState
from nemo.utils.env_var_parsing import get_envint


def initialize_distributed(args: argparse.Namespace, backend: str = "nccl") -> tuple[int, int, int]:
    """Joins the process group that the launcher's variables describe.

    Args:
        args: its `local_rank`, if it has one, is used where LOCAL_RANK is not set.
        backend: nccl for GPUs, gloo for CPUs.

    Returns:
        Local rank, global rank, number of processes.
    """
    given: Any = vars(args).get("local_rank")
    local_rank = get_envint("LOCAL_RANK", given if given is not None else 0) or 0
    rank = get_envint("RANK", 0) or 0
    world_size = get_envint("WORLD_SIZE", 1) or 1
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank % torch.cuda.device_count())
    if not torch.distributed.is_initialized():
        address, port = os.environ.get("MASTER_ADDR", "localhost"), os.environ.get("MASTER_PORT", "6000")
        torch.distributed.init_process_group(
            backend, init_method=f"tcp://{address}:{port}", world_size=world_size, rank=rank
        )
    return local_rank, rank, world_size


def is_distributed() -> bool:
    """Whether PyTorch connects this process with others."""
    return (
        torch.distributed.is_available()
        and torch.distributed.is_initialized()
        and torch.distributed.get_world_size() > 1
    )


def data_parallel_place() -> tuple[int, int]:
    """Rank and number of the processes that read different data; (0, 1) as long as no others are connected.

    Where a model is split over processes, those that hold the parts of one copy read the same data: the launcher says
    so in :class:`~nemo.utils.app_state.AppState`.
    """
    state = AppState()
    if state.data_parallel_size is not None and state.data_parallel_rank is not None:
        return state.data_parallel_rank, state.data_parallel_size
    if is_distributed():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def of_rank_zero(value: Any) -> Any:
    """What the first process passes here, in all of them; every process has to come here."""
    if not is_distributed():
        return value
    box = [value]
    torch.distributed.broadcast_object_list(box, src=0)
    return box[0]


def of_every_process(value: Any) -> list[Any]:
    """What each process that reads different data passes here, in the order of ranks; each has to come here.

    Tensors arrive on the CPU.
    """
    _, processes = data_parallel_place()
    if not is_distributed() or processes == 1:
        return [value]
    values: list[Any] = [None] * processes
    torch.distributed.all_gather_object(values, value, group=AppState().data_parallel_group)
    return values
