"""The report of batches that gave values which are not finite: in words, and as lines of JSON in the run's folder."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from nemo.core.training.batch_description import describe_samples, describe_shapes
from nemo.core.training.gradients import not_finite_gradients

REPORT_FILE = "non_finite_batches.jsonl"
MOST_NAMES = 10


@dataclass
class SeenBatch:
    """A batch since the last step, and its values, which nobody has waited for yet."""

    index: int
    batch: Any
    losses: list[Tensor] = field(default_factory=list)
    norm: Tensor | None = None
    """Of the gradients after this batch, those of accumulated batches before it included."""


@dataclass
class BatchReport:
    """One line of the report."""

    step: int
    """Of the optimizer, from 0."""
    epoch: int
    batch: int
    """Its place in the epoch, from 0."""
    rank: int
    loss: list[float]
    """What was propagated back, divided by the number of accumulated batches; several, where training is manual."""
    samples: list[str]
    """Names of its samples, as exactly as they are known."""
    tensors: list[str]
    gradients: list[str]
    """Parameters whose gradients are not finite, the first ten."""
    gradients_not_finite: int
    in_a_row: int
    action: str

    @property
    def lost_its_loss(self) -> bool:
        """Whether a loss of this batch is not finite."""
        return not all(map(math.isfinite, self.loss))

    def as_json(self) -> str:
        """One line; JSON knows no NaN, so that such a loss is a string."""
        loss = [value if math.isfinite(value) else str(value) for value in self.loss]
        return json.dumps({**asdict(self), "loss": loss}, ensure_ascii=False)

    def __str__(self) -> str:
        loss = ", ".join(f"{value:g}" for value in self.loss) or "not known"
        names = f"{self.gradients_not_finite} (first {self.gradients[0]})" if self.gradients else "0"
        samples = ", ".join(self.samples) or f"not known, {', '.join(self.tensors)}"
        return (
            f"step {self.step}, batch {self.batch} of epoch {self.epoch}, rank {self.rank}: loss {loss}, gradients not "
            f"finite: {names}, samples: {samples}"
        )


def report_batches(
    trainer: Trainer, model: LightningModule, seen: list[SeenBatch], action: str, in_a_row: int, folder: Path | None
) -> list[BatchReport]:
    """Finds out which batches of a step are to blame, in all processes, and appends them to the report file.

    Args:
        trainer: knows the step and the processes.
        model: may describe its batches.
        seen: the batches of the step.
        action: what is done about it.
        in_a_row: how many such steps there were without a good one between.
        folder: of the run; None: write no file.
    """
    names = not_finite_gradients(model.named_parameters())
    own = [
        (
            each.norm is not None and not bool(torch.isfinite(each.norm)),
            BatchReport(
                step=trainer.global_step,
                epoch=trainer.current_epoch,
                batch=each.index,
                rank=trainer.global_rank,
                loss=[float(loss) for loss in each.losses],
                samples=describe_samples(trainer, model, each.batch, each.index),
                tensors=describe_shapes(each.batch),
                gradients=names[:MOST_NAMES],
                gradients_not_finite=len(names),
                in_a_row=in_a_row,
                action=action,
            ),
        )
        for each in seen
    ]
    reports = _to_blame(gather(own, trainer))
    if folder is not None and trainer.is_global_zero:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / REPORT_FILE, "a", encoding="utf-8") as file:
            file.writelines(report.as_json() + "\n" for report in reports)
    return reports


def _to_blame(reports: list[tuple[bool, BatchReport]]) -> list[BatchReport]:
    """Batches with a bad loss; if there are none, those with which the gradients were lost; else all of the step."""
    by_loss = [report for _, report in reports if report.lost_its_loss]
    if by_loss:
        return by_loss
    first_lost: dict[int, BatchReport] = {}
    for is_norm_lost, report in reports:
        if is_norm_lost:  # it stays lost in the batches accumulated after it
            first_lost.setdefault(report.rank, report)
    return list(first_lost.values()) or [report for _, report in reports]


def gather(own: list[Any], trainer: Trainer) -> list[Any]:
    """The lists of all processes, one after the other."""
    if trainer.world_size == 1:
        return own
    gathered: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(gathered, own)
    return [each for of_rank in gathered for each in of_rank]
