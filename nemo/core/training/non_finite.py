"""A loss or a gradient that is NaN or infinite: which batch it was, and that it changes nothing.

Before each step of the optimizer the norm of all gradients and the losses are looked at together, with one wait for
the device. If any of them is not finite, the gradients are removed, and so the optimizer leaves weights and momentum
alone and applies no weight decay; running statistics of norms become what they were before the step. With gradient
accumulation the whole step is left out. All processes decide alike.
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor, nn

from nemo.core.training.batch_description import light
from nemo.core.training.gradients import gradient_norm, not_finite_gradients
from nemo.core.training.model_callback import ModelCallback
from nemo.core.training.non_finite_report import BatchReport, SeenBatch, gather, report_batches
from nemo.core.training.run_folder import run_folder
from nemo.core.training.running_statistics import RunningStatistics
from nemo.utils.exceptions import NonFiniteError

logger = logging.getLogger(__name__)


@dataclass
class NonFiniteConfig:
    """`model.non_finite`: what to do about a loss or gradient that is NaN or infinite."""

    action: Literal["skip", "stop", "warn", "ignore"] = "skip"
    """skip: leave the step out; stop: end the run; warn: take the step all the same; ignore: do not even look."""
    max_consecutive: int | None = 10
    """End the run at so many steps in a row that had to be left out; null: never."""
    dump: bool = True
    """Append a report of each such batch to `non_finite_batches.jsonl` in the folder of the run."""


class NonFiniteGuard(ModelCallback):
    """Looks at losses and gradients before each step.

    With 16-bit floats and a gradient scaler, infinite gradients of a finite loss are the scaler's own affair: it leaves
    the step out and lowers its scale.

    Args:
        config: a :class:`NonFiniteConfig`.
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        self.skipped = 0
        """Steps left out in this run."""
        self._seen: list[SeenBatch] = []
        self._stepped = False
        self._in_a_row: defaultdict[int, int] = defaultdict(int)
        self._folder = Path()
        self._statistics: RunningStatistics | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Asks where the run writes, which all processes have to do together."""
        self._folder = run_folder(trainer)
        self._statistics = RunningStatistics(pl_module) if self.config.action != "warn" else None

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Remembers the batch until the step is taken."""
        if self._stepped:
            self._seen.clear()
            self._stepped = False
        elif self._seen:  # gradients are accumulated: do not keep the audio of many batches
            self._seen[-1].batch = light(self._seen[-1].batch)
        if not self._seen and self._statistics is not None:
            self._statistics.keep()
        self._seen.append(SeenBatch(batch_idx, batch))

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        """Remembers the loss."""
        if self._seen:  # manual optimization may go on after the last batch
            self._seen[-1].losses.append(loss.detach())

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Between accumulated batches, takes the norm to know later with which of them it was lost."""
        if trainer.accumulate_grad_batches > 1 and trainer.fit_loop._should_accumulate():
            self._seen[-1].norm = gradient_norm(pl_module.parameters())

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Decides on the step.

        Raises:
            NonFiniteError: `action` is stop, or too many steps in a row had to be left out.
        """
        if not self._seen:
            return
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        has_scaler = getattr(trainer.precision_plugin, "scaler", None) is not None
        if not has_scaler:
            self._seen[-1].norm = gradient_norm(parameters)
        if self._is_step_bad(trainer, parameters):
            self._handle(trainer, pl_module, optimizer, parameters)
        else:
            self._in_a_row[id(optimizer)] = 0
        self._stepped = True
        for seen in self._seen:  # a second optimizer may step with the same batch
            seen.losses.clear()
            seen.norm = None

    def undo(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Holds nothing of the model any more."""
        self._seen, self._statistics = [], None

    def _is_step_bad(self, trainer: Trainer, parameters: list[nn.Parameter]) -> bool:
        losses = [loss for seen in self._seen for loss in seen.losses]
        norm = self._seen[-1].norm
        values = losses if norm is None else [*losses, norm]
        if not values:
            return False
        total = _sum(values)
        if trainer.world_size > 1:  # a shard, or a loss with finite gradients, is known to one process only
            torch.distributed.all_reduce(total)
        if math.isfinite(total.item()):
            return False
        # sums, and the squares in a norm, may overflow where the values themselves do not
        really = any(not bool(torch.isfinite(loss).all()) for loss in losses) or (
            norm is not None and bool(not_finite_gradients((str(place), p) for place, p in enumerate(parameters)))
        )
        return any(gather([really], trainer))

    def _handle(
        self,
        trainer: Trainer,
        model: LightningModule,
        optimizer: torch.optim.Optimizer,
        parameters: list[nn.Parameter],
    ) -> None:
        self._in_a_row[id(optimizer)] += 1
        in_a_row = self._in_a_row[id(optimizer)]
        folder = self._folder if self.config.dump else None
        reports = report_batches(trainer, model, self._seen, self.config.action, in_a_row, folder)
        if self._statistics is not None:
            self._statistics.put_back()
        action, most = self.config.action, self.config.max_consecutive
        if action == "stop":
            raise NonFiniteError(_why_stopped(reports, model, "model.non_finite.action is stop"))
        if action == "skip" and most is not None and in_a_row >= most:
            reason = f"{in_a_row} steps in a row; model.non_finite.max_consecutive is {most}"
            raise NonFiniteError(_why_stopped(reports, model, reason))
        if action == "skip":
            self.skipped += 1
            for parameter in parameters:  # optimizers pass over parameters without a gradient
                parameter.grad = None
        done = "the step is left out" if action == "skip" else "the step is taken all the same"
        logger.warning("%s. %s (%d in a row)", "; ".join(map(str, reports)), done.capitalize(), in_a_row)


def _sum(values: list[Tensor]) -> Tensor:
    """One number on the device of the last value; not finite if any value is not, and hardly ever else."""
    device = values[-1].device
    total = torch.zeros((), dtype=torch.float32, device=device)
    for value in values:
        total += (value if value.ndim == 0 else value.sum()).to(device)
    return total


def _why_stopped(reports: list[BatchReport], model: nn.Module, reason: str) -> str:
    bad_weights = [name for name, value in model.named_parameters() if not bool(torch.isfinite(value).all())]
    hint = "Look at these samples, lower the learning rate, or set trainer.gradient_clip_val."
    if bad_weights:
        hint = f"The weights are not finite either, first {bad_weights[0]}: go back to an earlier checkpoint."
    what = "; ".join(map(str, reports))
    return f"{what}. Expected finite losses and gradients; the run ends here ({reason}). {hint}"
