"""What a model is made of, and how large its values are, written down for someone who looks for a fault.

One file for each process, `debug_info/rank_0.jsonl` in the folder of the run: a line on the run, a line for each
parameter and buffer at the start, and a line for each parameter with a gradient at the steps that are asked for.
"""

from __future__ import annotations

import json
import logging
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytorch_lightning
import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from nemo.core.training.gradients import local_gradient
from nemo.core.training.model_callback import ModelCallback
from nemo.core.training.run_folder import run_folder
from nemo.package_info import __version__

logger = logging.getLogger(__name__)

FOLDER = "debug_info"


@dataclass
class DebugInfoConfig:
    """`model.dump_debug_info`: `true`, or this section."""

    enabled: bool = True
    gradient_steps: list[int] = field(default_factory=lambda: [0])
    """Steps of the optimizer, from 0, before which norms of weights and gradients are written, unclipped."""


class DebugInfo(ModelCallback):
    """Writes the files; see the head of this file.

    Args:
        config: a :class:`DebugInfoConfig`.
    """

    def __init__(self, config: Any) -> None:
        self._steps = frozenset(config.gradient_steps)
        self._file = Path()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes what is known before the first step."""
        self._file = run_folder(trainer) / FOLDER / f"rank_{trainer.global_rank}.jsonl"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._append([_of_run(trainer, pl_module), *_of_tensors(pl_module)])
        logger.info("dump_debug_info: parameters and norms are in %s", self._file)

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Writes the gradients of a chosen step."""
        step = trainer.global_step
        if step in self._steps:
            self._append(
                {"event": "gradient", "step": step, "name": name, "norm": _norm(value), "grad_norm": _norm(value.grad)}
                for name, value in pl_module.named_parameters()
                if value.grad is not None
            )

    def _append(self, records: Any) -> None:
        with open(self._file, "a", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)


def _of_run(trainer: Trainer, model: LightningModule) -> dict[str, Any]:
    return {
        "event": "run",
        "model": f"{type(model).__module__}.{type(model).__qualname__}",
        "versions": {
            "nemo": __version__,
            "torch": torch.__version__,
            "pytorch_lightning": pytorch_lightning.__version__,
            "python": platform.python_version(),
        },
        "rank": trainer.global_rank,
        "local_rank": trainer.local_rank,
        "world_size": trainer.world_size,
        "device": str(model.device),
        "strategy": type(trainer.strategy).__name__,
        "precision": str(trainer.precision),
        "accumulate_grad_batches": trainer.accumulate_grad_batches,
        "gradient_clip_val": trainer.gradient_clip_val,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "trainable": sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
    }


def _of_tensors(model: LightningModule) -> Iterator[dict[str, Any]]:
    for kind, tensors in (("parameter", model.named_parameters()), ("buffer", model.named_buffers())):
        for name, tensor in tensors:
            yield {
                "event": kind,
                "name": name,
                "shape": list(tensor.shape),
                "dtype": str(tensor.dtype).removeprefix("torch."),
                "device": str(tensor.device),
                "requires_grad": tensor.requires_grad,
                "norm": _norm(tensor),
            }


def _norm(tensor: Tensor | None) -> float | str | None:
    """The Euclidean norm of this process's part; JSON knows no NaN, so that such a norm is a string."""
    if tensor is None:
        return None
    norm = local_gradient(tensor.detach()).double().norm()
    return float(norm) if bool(torch.isfinite(norm)) else str(float(norm))
