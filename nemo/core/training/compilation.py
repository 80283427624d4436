"""Parts of a model that are compiled with `torch.compile`.

They are compiled in place, so that the names in state dicts and archives stay as they are. Compiling a row of equal
layers one by one (`modules: [encoder.layers.*]`) is many times faster than compiling the whole encoder, because they
share one graph.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from torch import nn

from nemo.core.training.activation_checkpointing import is_checkpointed
from nemo.core.training.model_callback import ModelCallback
from nemo.core.training.named_modules import named_parts
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


@dataclass
class CompilationConfig:
    """`model.compile`: what is compiled, and how; the other keys are arguments of `torch.compile`."""

    enabled: bool = True
    modules: list[str] = field(default_factory=lambda: ["encoder"])
    """Dotted names; `*` stands for any name between two dots."""
    mode: str | None = None
    """default, reduce-overhead, max-autotune; null: PyTorch's choice, which is default."""
    dynamic: bool | None = True
    """One graph for all lengths of a batch; null: PyTorch finds out, at the price of compiling twice."""
    fullgraph: bool = False
    """Make it an error where a part cannot be one graph."""
    backend: str = "inductor"
    options: dict[str, Any] | None = None


class Compilation(ModelCallback):
    """Compiles the parts for the length of a run.

    Args:
        config: a :class:`CompilationConfig`.
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        self._compiled: list[nn.Module] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Compiles; the work itself is done at the first batch."""
        options = dict(self.config.options) if self.config.options is not None else None
        self._compiled = compile_modules(
            pl_module,
            self.config.modules,
            mode=self.config.mode,
            dynamic=self.config.dynamic,
            fullgraph=self.config.fullgraph,
            backend=self.config.backend,
            options=options,
        )
        logger.info("model.compile: %d modules are compiled when the first batch comes", len(self._compiled))

    def undo(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the compiled code away, so that the model can be exported and traced."""
        for module in self._compiled:
            module._compiled_call_impl = None
        self._compiled = []


def compile_modules(model: nn.Module, names: Iterable[str], **options: Any) -> list[nn.Module]:
    """Compiles parts of a model in place.

    Args:
        model: the model.
        names: dotted names of the parts; `*` stands for any name between two dots.
        options: arguments of `torch.compile`.

    Returns:
        The parts.

    Raises:
        ConfigError: a name stands for no module, or a part holds blocks with activation checkpointing.
    """
    parts = named_parts(model, names, "model.compile.modules")
    for name, part in parts.items():
        if any(is_checkpointed(module) for module in part.modules()):
            raise ConfigError(
                f"model.compile.modules names {name!r}, which holds blocks of model.activation_checkpointing. Compiled "
                "code decides itself what it computes again. Give up one of the two; with compilation, "
                "torch._functorch.config.activation_memory_budget below 1 saves memory."
            )
    for part in parts.values():
        part.compile(**options)
    return list(parts.values())
