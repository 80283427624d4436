"""The training of a generator against discriminators that several models share: two optimizers, stepped by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor, nn

from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.optimization import setup_optimization
from nemo.core.optim.lr_scheduler import EPOCH_SCHEDULERS
from nemo.utils.exceptions import ConfigError


def build_optimizations(model: ModelPT, networks: Sequence[Iterable[nn.Module]]) -> Any:
    """An optimizer, and a schedule where there is one, for each group of networks; all as `model.cfg.optim` says.

    Lightning counts a step of each optimizer, so schedules that need the number of steps are told how many there are.

    Raises:
        ConfigError: there is no `optim` section.
    """
    built = []
    for parts in networks:
        parameters = [parameter for part in parts for parameter in part.parameters()]
        model._optimizer_param_groups = [{"params": parameters}]
        optimization = setup_optimization(model, optimizers=len(networks))
        if optimization is None:
            raise ConfigError("model.optim is missing. Expected an optimizer, such as {name: adamw, lr: 0.0002}.")
        built.append(optimization)
    optimizers = [optimizer for optimizer, _ in built]
    schedules = [schedule["scheduler"] for _, schedule in built if schedule is not None]  # stepped by hand, below
    return (optimizers, schedules) if schedules else optimizers


def take_step(model: ModelPT, optimizer: Any, loss: Tensor) -> None:
    """One step of an optimizer that was toggled on; it is off afterwards."""
    optimizer.zero_grad()
    model.manual_backward(loss)
    optimizer.step()
    model.untoggle_optimizer(optimizer)


def step_schedules(model: ModelPT) -> None:
    """One step of every schedule; those that count epochs have it in the last batch of each.

    Call it once for each batch.
    """
    schedules = model.lr_schedulers()
    for schedule in schedules if isinstance(schedules, list) else [schedules] if schedules is not None else []:
        if type(schedule).__name__ in EPOCH_SCHEDULERS and not model.trainer.is_last_batch:
            continue
        schedule.step()  # type: ignore[call-arg]  # none of them waits for a metric
