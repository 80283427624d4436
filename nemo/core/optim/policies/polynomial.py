"""Schedules that fall linearly or with a polynomial of the steps made."""

from __future__ import annotations

import math
from typing import Any

from torch.optim import Optimizer

from nemo.core.optim.policies.base import Rate, Rates, WarmupHoldPolicy, WarmupPolicy


class WarmupAnnealing(WarmupPolicy):
    """Falls linearly from the end of the warmup to `min_lr`.

    Args:
        optimizer: its `lr` is the highest rate.
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
        highest = self.base_lrs[0]  # the first group's rate holds for all, as in the original
        return [highest - (highest - self.min_lr) * self._progress(step) for _ in self.base_lrs]


def polynomial_decay(base: Rate, step: int, decay_steps: int, power: float, min_lr: float, cycle: bool) -> Rate:
    """`(base - min_lr) * (1 - step / decay_steps)^power + min_lr`.

    Args:
        base: rate at step 0.
        step: steps since the decay began.
        decay_steps: steps that the decay lasts, at least 1.
        power: exponent.
        min_lr: rate at the end.
        cycle: past the end, stretch the decay to the next multiple of `decay_steps` in place of staying at `min_lr`.
    """
    if cycle:
        decay_steps *= 1 if step == 0 else math.ceil(step / decay_steps)
    else:
        step = min(step, decay_steps)
    return (base - min_lr) * (1.0 - step / decay_steps) ** power + min_lr


class PolynomialDecayAnnealing(WarmupPolicy):
    """Polynomial decay from the end of the warmup to `min_lr` at `max_steps`.

    Args:
        optimizer: its `lr` is the highest rate.
        max_steps: steps of the whole training.
        min_lr: the lowest rate.
        power: exponent; 1 falls linearly.
        cycle: see :func:`polynomial_decay`.
        last_epoch: number of the last step made, -1 for none.
        **phases: `warmup_steps` or `warmup_ratio`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        max_steps: int,
        min_lr: float = 0.0,
        power: float = 1.0,
        cycle: bool = False,
        last_epoch: int = -1,
        **phases: Any,
    ) -> None:
        self.power = power
        self.cycle = cycle
        super().__init__(optimizer, max_steps=max_steps, min_lr=min_lr, last_epoch=last_epoch, **phases)

    def _get_lr(self, step: int) -> Rates:
        since, total = step - self.warmup_steps, self._known_max_steps(after=self.warmup_steps)
        return [polynomial_decay(base, since, total, self.power, self.min_lr, self.cycle) for base in self.base_lrs]


class PolynomialHoldDecayAnnealing(WarmupHoldPolicy):
    """Warmup, hold, then polynomial decay to `min_lr` at `max_steps`.

    Args:
        optimizer: its `lr` is the highest rate.
        max_steps: steps of the whole training.
        min_lr: the lowest rate.
        power: exponent; 1 falls linearly.
        cycle: see :func:`polynomial_decay`.
        last_epoch: number of the last step made, -1 for none.
        **phases: `warmup_steps` or `warmup_ratio`, `hold_steps` or `hold_ratio`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        max_steps: int,
        min_lr: float = 0.0,
        power: float = 1.0,
        cycle: bool = False,
        last_epoch: int = -1,
        **phases: Any,
    ) -> None:
        self.power = power
        self.cycle = cycle
        super().__init__(optimizer, max_steps=max_steps, min_lr=min_lr, last_epoch=last_epoch, **phases)

    def _get_lr(self, step: int) -> Rates:
        decay_begins = max(self.warmup_steps, self.hold_steps)
        since, total = step - self.hold_steps, self._known_max_steps(after=decay_begins)
        return [polynomial_decay(base, since, total, self.power, self.min_lr, self.cycle) for base in self.base_lrs]
