"""The processes of a run before its trainer starts: what they must agree on, such as the folder.

A launcher (torchrun, SLURM) starts all processes at once, so they can be connected right away. Where Lightning starts
them itself, the first one is alone here; those that it starts later read what it decided from the environment.
"""

from __future__ import annotations

import os

import torch
from pytorch_lightning import Trainer
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.strategies import DDPStrategy, FSDPStrategy, ModelParallelStrategy

from nemo.constants import NEMO_ENV_VARNAME_VERSION


def connect_processes(trainer: Trainer) -> None:
    """Connects the processes, as training would later, if a launcher has started them all; else does nothing."""
    strategy = trainer.strategy
    if trainer.world_size == 1 or not isinstance(strategy, (DDPStrategy, FSDPStrategy, ModelParallelStrategy)):
        return
    if not is_launched_as_a_whole(trainer):
        return
    if isinstance(strategy, ModelParallelStrategy):
        strategy._setup_distributed()  # its setup_environment wants the model, which is not there yet
    else:
        strategy.setup_environment()


def is_launched_as_a_whole(trainer: Trainer) -> bool:
    """Whether a launcher has started every process of the run, not only the first one of a node."""
    environment = getattr(trainer.strategy, "cluster_environment", None)
    if environment is None or isinstance(environment, LightningEnvironment):
        return False
    return bool(environment.creates_processes_externally)


def wait_for_all() -> None:
    """Goes on when every process has come here; at once where they are not connected yet."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()


def advice_for_several_nodes(trainer: Trainer) -> str | None:
    """What is to be set on each node where nobody does it, and is not set; None if nothing is missing."""
    if trainer.num_nodes == 1 or is_launched_as_a_whole(trainer):
        return None
    wanted = ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT", NEMO_ENV_VARNAME_VERSION)
    missing = [name for name in wanted if not os.environ.get(name)]
    if not missing:
        return None
    return (
        f"trainer.num_nodes is {trainer.num_nodes}, and neither SLURM nor torchrun started this process. Start it with "
        f"one of them, or set {', '.join(missing)} on each node (the version names the folder of the run)."
    )
