"""Training a model whose weights, gradients and optimizer state are sharded over the processes.

    trainer = Trainer(strategy="fsdp2", devices=8)

This is PyTorch's `fully_shard` (Zhao et al., "PyTorch FSDP", 2023, https://arxiv.org/abs/2304.11277, second version).
Before a step the parts are gathered, after it they are freed; large blocks of a deep network are gathered one by one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import torch
from pytorch_lightning.strategies import FSDPStrategy, ModelParallelStrategy, StrategyRegistry
from torch import nn

from nemo.utils.exceptions import ConfigError
from nemo.utils.whole_weights import is_sharded

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh

    from nemo.core.classes.model_pt import ModelPT

logger = logging.getLogger(__name__)

NAME = "fsdp2"
LARGE_BLOCK = 1_000_000
"""Parameters from which on an element of a list of blocks is gathered by itself."""

STEPS = ("training_step", "validation_step", "test_step", "predict_step")


class FullyShardedStrategy(ModelParallelStrategy):
    """`strategy="fsdp2"`: the model is sharded over all processes.

    Checkpoints are single files as without sharding, so any number of processes can resume from them.

    Args:
        save_distributed_checkpoint: each process writes its part into a folder instead.
        **kwargs: as of Lightning's ModelParallelStrategy, `timeout` for one.
    """

    def __init__(self, save_distributed_checkpoint: bool = False, **kwargs: Any) -> None:
        super().__init__(save_distributed_checkpoint=save_distributed_checkpoint, **kwargs)

    def setup_environment(self) -> None:
        """Connects the processes: all of them share the data, and none only parts of a layer."""
        if self._data_parallel_size == "auto":
            self._data_parallel_size = self.num_processes * self.num_nodes
        if self._tensor_parallel_size == "auto":
            self._tensor_parallel_size = 1
        super().setup_environment()

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> dict[str, Any]:
        """Reads a checkpoint; only tensors and plain containers, unless the caller trusts the file."""
        return super().load_checkpoint(checkpoint_path, True if weights_only is None else weights_only)


StrategyRegistry.register(NAME, FullyShardedStrategy, description="weights sharded over all processes", override=True)


def shard_for_strategy(model: ModelPT) -> None:
    """Shards `model` if its trainer's strategy wants that; Lightning calls this before the optimizer is made.

    Raises:
        ConfigError: the strategy is one that the toolkit has no way to serve.
    """
    strategy = model.trainer.strategy if model.trainer is not None else None
    if isinstance(strategy, FSDPStrategy):
        raise ConfigError(
            'trainer.strategy is "fsdp", the first version of PyTorch\'s FSDP; a model sharded by it could not be '
            f'saved as one .nemo file. Set trainer.strategy="{NAME}".'
        )
    if not isinstance(strategy, ModelParallelStrategy) or is_sharded(model):
        return
    mesh = strategy.device_mesh
    if mesh["tensor_parallel"].size() > 1:
        raise ConfigError(
            f"the strategy splits layers over {mesh['tensor_parallel'].size()} processes (tensor_parallel_size), and "
            f"{type(model).__name__} does not say how. Override configure_model in it, or set "
            f'trainer.strategy="{NAME}".'
        )
    _start_alike(model, strategy.root_device)
    shard_model(model, mesh["data_parallel"])


def shard_model(model: nn.Module, mesh: DeviceMesh, large_block: int = LARGE_BLOCK) -> None:
    """Shards the parameters of `model` over the processes of `mesh`.

    Elements of a ModuleList or Sequential with at least `large_block` parameters are gathered while they run; all the
    rest, whose parts code may use in any way, during the whole step.
    """
    from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

    for block in _large_blocks(model, large_block):
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    for step in STEPS:  # Lightning calls these, and they call forward, not the model
        register_fsdp_forward_method(model, step)
    logger.info("the weights are sharded over %d processes", mesh.size())


def _large_blocks(module: nn.Module, large_block: int) -> list[nn.Module]:
    blocks: list[nn.Module] = []
    for child in module.children():
        is_element = isinstance(module, (nn.ModuleList, nn.Sequential))
        runs = not isinstance(child, (nn.ModuleList, nn.ModuleDict))
        if is_element and runs and sum(parameter.numel() for parameter in child.parameters()) >= large_block:
            blocks.append(child)
        else:
            blocks += _large_blocks(child, large_block)
    return blocks


@torch.no_grad()
def _start_alike(model: nn.Module, device: torch.device) -> None:
    """Sends the first process's weights to all, as DDP does: each would keep its part of its own otherwise."""
    for tensor in (*model.parameters(), *model.buffers()):
        sent = tensor.detach().to(device)
        torch.distributed.broadcast(sent, src=0)
        tensor.copy_(sent)
