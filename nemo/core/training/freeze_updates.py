"""Parts of a model that are frozen for some of the training steps, or for all of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import torch
from omegaconf import ListConfig
from pytorch_lightning import LightningModule, Trainer
from torch import nn

from nemo.core.training.model_callback import ModelCallback
from nemo.core.training.named_modules import named_parts
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

FOREVER = -1
WHERE = "model.freeze_updates.modules"


@dataclass
class FreezeUpdatesConfig:
    """`model.freeze_updates`: which parts are frozen, and when.

    Steps are those of the optimizer, from 1, also with gradient accumulation and after a resume.
    """

    enabled: bool = True
    modules: dict[str, Any] = field(default_factory=dict)
    """Name -> N: frozen for the first N steps; [start, end]: frozen in these steps, both included; -1: for ever."""


class FreezeUpdates(ModelCallback):
    """Freezes and frees the parts before each batch.

    A frozen part is in evaluation mode and its parameters, with all that the optimizer keeps of them, stay as they are.
    In one process they need no gradients. Where several train together, the processes have agreed at the start on which
    gradients they exchange, so that only parts which are frozen for ever go without; those of others are computed and
    dropped.

    Args:
        config: a :class:`FreezeUpdatesConfig`.

    Raises:
        ConfigError: a value is neither N nor [start, end].
    """

    def __init__(self, config: Any) -> None:
        self._spans = {str(name): _span(str(name), value) for name, value in config.modules.items()}
        self._parts: dict[str, nn.Module] = {}
        self._frozen: tuple[str, ...] = ()
        self._required_grad: list[tuple[nn.Parameter, bool]] = []
        self._was_training: list[tuple[nn.Module, bool]] = []
        self._keeps_gradients = False

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Finds the parts; those that never train are frozen before the processes agree on their gradients."""
        if stage != "fit":
            return
        self._parts = {}
        for name in self._spans:
            for path, part in named_parts(pl_module, [name], WHERE).items():
                self._parts[path] = part
                self._spans.setdefault(path, self._spans[name])
        self._required_grad = [(parameter, parameter.requires_grad) for parameter in pl_module.parameters()]
        self._keeps_gradients = trainer.world_size > 1
        for path, part in self._parts.items():
            if self._spans[path] == (1, FOREVER):
                part.requires_grad_(False)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remembers which modules train."""
        self._was_training = [(module, module.training) for module in pl_module.modules()]

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Freezes and frees what has its turn with this step."""
        step = trainer.global_step + 1
        frozen = tuple(path for path in self._parts if _is_in(step, self._spans[path]))
        if frozen != self._frozen:
            logger.info("from step %d on, frozen: %s", step, ", ".join(frozen) or "nothing")
            self._frozen = frozen
            self._apply(pl_module, step)
        for path in frozen:
            if self._parts[path].training:  # somebody called model.train()
                self._parts[path].eval()

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Drops what gradients there are of frozen parts, so that the optimizer passes over them."""
        for path in self._frozen:
            for parameter in self._parts[path].parameters():
                parameter.grad = None

    def undo(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Frees everything."""
        if self._parts:
            self._frozen = ()
            self._restore(keep=set())
        self._parts, self._required_grad, self._was_training = {}, [], []

    def _apply(self, model: nn.Module, step: int) -> None:
        if self._keeps_gradients:
            frozen_for_good = {path for path in self._frozen if self._spans[path] == (1, FOREVER)}
            keep = {id(parameter) for path in frozen_for_good for parameter in self._parts[path].parameters()}
        else:
            keep = {id(parameter) for path in self._frozen for parameter in self._parts[path].parameters()}
        self._restore(keep)
        for path in self._frozen:
            self._parts[path].eval()
        if not any(parameter.requires_grad for parameter in model.parameters()):
            raise ConfigError(
                f"{WHERE} freezes {', '.join(self._frozen)} in step {step}, and nothing is left to train. Expected a "
                "part with parameters that is not frozen; free one of them in these steps."
            )

    def _restore(self, keep: set[int]) -> None:
        for parameter, required in self._required_grad:
            parameter.requires_grad_(required and id(parameter) not in keep)
        for module, training in self._was_training:
            module.training = training


def _span(name: str, value: Any) -> tuple[int, int]:
    """First and last step in which a part is frozen; (1, N) for N."""
    ends = list(value) if isinstance(value, (list, tuple, ListConfig)) else [1, value]
    if len(ends) != 2 or not all(isinstance(end, int) and not isinstance(end, bool) for end in ends):
        raise ConfigError(
            f"{WHERE}.{name} is {value!r}. Expected a number of steps, [first step, last step], or -1 for ever."
        )
    return int(ends[0]), int(ends[1])


def _is_in(step: int, span: tuple[int, int]) -> bool:
    return span[0] <= step and (span[1] == FOREVER or step <= span[1])
