"""Schedules that fall with the square or the square root of the steps made."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from nemo.core.optim.policies.base import Rates, WarmupPolicy, steps_of_phase
from nemo.utils.exceptions import ConfigError


class SquareAnnealing(WarmupPolicy):
    """`lr * ((M - s) / M)^2`, not below `min_lr`, where s steps of M have passed since the warmup.

    Args:
        optimizer: its `lr` is the highest rate.
        max_steps: steps of the whole training.
        min_lr: the lowest rate.
        last_epoch: number of the last step made, -1 for none.
        **phases: `warmup_steps` or `warmup_ratio`.
    """

    def __init__(
        self, optimizer: Optimizer, *, max_steps: int, min_lr: float = 1e-5, last_epoch: int = -1, **phases: Any
    ) -> None:
        super().__init__(optimizer, max_steps=max_steps, min_lr=min_lr, last_epoch=last_epoch, **phases)

    def _get_lr(self, step: int) -> Rates:
        return [max(base * (1 - self._progress(step)) ** 2, self.min_lr) for base in self.base_lrs]


class SquareRootAnnealing(WarmupPolicy):
    """`lr * ((max_steps - step) / max_steps)^0.5`, not below `min_lr`; the warmup is not subtracted from the steps.

    Args:
        optimizer: its `lr` is the rate that the formula starts from.
        max_steps: steps of the whole training.
        min_lr: the lowest rate.
        last_epoch: number of the last step made, -1 for none.
        **phases: `warmup_steps` or `warmup_ratio`.
    """

    def __init__(
        self, optimizer: Optimizer, *, max_steps: int, min_lr: float = 0.0, last_epoch: int = -1, **phases: Any
    ) -> None:
        super().__init__(optimizer, max_steps=max_steps, min_lr=min_lr, last_epoch=last_epoch, **phases)

    def _get_lr(self, step: int) -> Rates:
        left = max(0.0, 1 - step / self._known_max_steps())
        return [max(base * left**0.5, self.min_lr) for base in self.base_lrs]


class InverseSquareRootAnnealing(WarmupPolicy):
    """`lr / ((step + 1) / (warmup_steps + 1))^0.5`; `min_lr` is used only after `max_steps`.

    Args:
        optimizer: its `lr` is the highest rate.
        max_steps: steps of the whole training.
        min_lr: the rate after the end.
        last_epoch: number of the last step made, -1 for none.
        **phases: `warmup_steps` or `warmup_ratio`.
    """

    def __init__(
        self, optimizer: Optimizer, *, max_steps: int, min_lr: float = 0.0, last_epoch: int = -1, **phases: Any
    ) -> None:
        super().__init__(optimizer, max_steps=max_steps, min_lr=min_lr, last_epoch=last_epoch, **phases)

    def _get_lr(self, step: int) -> Rates:
        factor = ((self.warmup_steps + 1) / (step + 1)) ** 0.5
        return [base * factor for base in self.base_lrs]


class SquareRootConstantPolicy(LRScheduler):
    """`constant_steps^-0.5` for the first `constant_steps`, then what a subclass says; `min_lr` after `max_steps`.

    The optimizer's own `lr` is not used.

    Args:
        optimizer: the optimizer to steer.
        constant_steps: length of the constant phase in steps; it also sets the rate.
        constant_ratio: the same as a share of `max_steps`.
        max_steps: after this many steps the rate is `min_lr`; None for no end.
        min_lr: the rate after the end.
        last_epoch: number of the last step made, -1 for none.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        constant_steps: int | None = None,
        constant_ratio: float | None = None,
        max_steps: int | None = None,
        min_lr: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.constant_steps = steps_of_phase("constant", constant_steps, constant_ratio, max_steps)
        if self.constant_steps < 1:
            raise ConfigError(
                f"{type(self).__name__} takes its rate from constant_steps, which is {self.constant_steps}. "
                "Set optim.sched.constant_steps to at least 1."
            )
        self.max_steps = max_steps
        self.min_lr = min_lr
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """Rate of each parameter group for the next update."""
        step = self.last_epoch
        if step <= self.constant_steps:
            return [self.constant_steps**-0.5 for _ in self.base_lrs]
        if self.max_steps is not None and step > self.max_steps:
            return [self.min_lr for _ in self.base_lrs]
        return self._get_lr(step)

    def _get_lr(self, step: int) -> Rates:
        """Rate of each group after the constant phase and before the end."""
        return list(self.base_lrs)


class T5InverseSquareRootAnnealing(SquareRootConstantPolicy):
    """`max(step, constant_steps)^-0.5`, the schedule of T5 (Raffel et al., 2020, https://arxiv.org/abs/1910.10683)."""

    def _get_lr(self, step: int) -> Rates:
        return [step**-0.5 for _ in self.base_lrs]
