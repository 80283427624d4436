"""Starting PyTorch's communication between processes outside of a trainer."""

from __future__ import annotations

import argparse
import os
from typing import Any

import torch

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
