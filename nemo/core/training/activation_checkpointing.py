"""Activation checkpointing (Chen et al., 2016): less memory in training, for one more forward pass.

The blocks of a deep module keep only their inputs; their inner results are computed again in the backward pass, with
the same random numbers. Results, gradients and running statistics of batch norms are those of plain training. Names in
state dicts stay as they are.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import nn
from torch.utils.checkpoint import checkpoint

from nemo.core.training.model_callback import ModelCallback
from nemo.core.training.named_modules import named_parts
from nemo.core.training.running_statistics import norms_with_statistics
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

WHERE = "model.activation_checkpointing.modules"


@dataclass
class ActivationCheckpointingConfig:
    """`model.activation_checkpointing`: whose blocks are computed again."""

    enabled: bool = True
    modules: list[str] = field(default_factory=lambda: ["encoder"])
    """Dotted names of modules with a row of blocks, or of such a row (a ModuleList or Sequential) itself."""
    every: int = 1
    """1: every block, which saves most; 2: every second one; and so on."""


class ActivationCheckpointing(ModelCallback):
    """Checkpoints the blocks for the length of a run.

    Args:
        config: an :class:`ActivationCheckpointingConfig`.
    """

    def __init__(self, config: Any) -> None:
        if config.every < 1:
            raise ConfigError(
                f"model.activation_checkpointing.every is {config.every}. Expected 1 for every block, 2 for every "
                "second one, and so on."
            )
        self.config = config
        self._blocks: list[nn.Module] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Finds the blocks."""
        if stage != "fit":
            return
        for name, module in named_parts(pl_module, self.config.modules, WHERE).items():
            blocks = blocks_of(module, name)
            self._blocks += blocks[:: self.config.every]
            logger.info(
                "model.activation_checkpointing: %d of %d blocks of %s",
                len(blocks[:: self.config.every]),
                len(blocks),
                name,
            )
        for block in self._blocks:
            checkpoint_block(block)

    def undo(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Makes the blocks plain again."""
        for block in self._blocks:
            del block.forward
        self._blocks = []


def blocks_of(module: nn.Module, name: str) -> list[nn.Module]:
    """The blocks of a module: the members of the ModuleList or Sequential in it that holds the most parameters.

    Raises:
        ConfigError: it has no row of two or more blocks.
    """
    rows = [each for each in module.modules() if isinstance(each, (nn.ModuleList, nn.Sequential)) and len(each) > 1]
    if not rows:
        raise ConfigError(
            f"{WHERE} names {name!r}, a {type(module).__name__} without a row of blocks (a ModuleList or Sequential of "
            "two or more). Name a module that has one, or remove it."
        )
    # an outer row comes before those inside its blocks, and `max` takes the first of equals
    row = max(rows, key=lambda each: sum(parameter.numel() for parameter in each.parameters()))
    return list(row.children())


def checkpoint_block(block: nn.Module) -> None:
    """Makes `block` compute its inner results again in the backward pass, until its attribute `forward` is deleted."""
    plain = block.forward

    @functools.wraps(plain)
    def forward(*args: Any, **kwargs: Any) -> Any:
        if not (block.training and torch.is_grad_enabled()):
            return plain(*args, **kwargs)
        contexts = functools.partial(_contexts, block)
        return checkpoint(plain, *args, use_reentrant=False, context_fn=contexts, **kwargs)

    block.forward = forward


def is_checkpointed(module: nn.Module) -> bool:
    """Whether :func:`checkpoint_block` was called on it."""
    return "forward" in vars(module)


def _contexts(block: nn.Module) -> tuple[Any, Any]:
    """What surrounds the first pass, and what surrounds the second."""
    return contextlib.nullcontext(), _without_statistics(block)


@contextlib.contextmanager
def _without_statistics(block: nn.Module) -> Iterator[None]:
    """Norms count this batch no second time.

    They keep the kind of computation, which a backward pass checks: statistics are passed, but with momentum 0.
    """
    before = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms_with_statistics(block)]
    for norm, _, _ in before:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, momentum, count in before:
            norm.momentum, norm.num_batches_tracked = momentum, count
