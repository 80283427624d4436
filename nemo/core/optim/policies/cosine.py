"""Cosine annealing (Loshchilov and Hutter, 2017, https://arxiv.org/abs/1608.03983)."""

from __future__ import annotations

import math

from torch.optim import Optimizer

from nemo.core.optim.policies.base import Rate, Rates, WarmupPolicy, reject_base_lr_below, steps_of_phase


class CosineAnnealing(WarmupPolicy):
    """Half a cosine wave from the optimizer's rate down to `min_lr`.

    With `constant_steps` above 0 it is the form of Megatron-LM, as in the original: the warmup starts from 0, the
    wave ends `constant_steps` before `max_steps`, the rest is at `min_lr`, and the first group's rate holds for all.

    Args:
        optimizer: its `lr` is the highest rate.
        max_steps: steps of the whole training.
        min_lr: the lowest rate.
        warmup_steps: length of the warmup in steps.
        warmup_ratio: the same as a share of `max_steps`.
        constant_steps: steps at `min_lr` before the end.
        constant_ratio: the same as a share of `max_steps`.
        last_epoch: number of the last step made, -1 for none.

    Raises:
        ConfigError: a group's rate is below `min_lr`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        max_steps: int,
        min_lr: float = 0.0,
        warmup_steps: int | None = None,
        warmup_ratio: float | None = None,
        constant_steps: int | None = None,
        constant_ratio: float | None = None,
        last_epoch: int = -1,
    ) -> None:
        self.constant_steps = steps_of_phase("constant", constant_steps, constant_ratio, max_steps)
        warmup = steps_of_phase("warmup", warmup_steps, warmup_ratio, max_steps)
        self.decay_steps = max_steps - warmup - self.constant_steps
        super().__init__(
            optimizer,
            warmup_steps=warmup_steps,
            warmup_ratio=warmup_ratio,
            max_steps=max_steps,
            min_lr=min_lr,
            last_epoch=last_epoch,
        )

    def _get_warmup_lr(self, step: int) -> Rates:
        if self.constant_steps > 0:
            return [self.base_lrs[0] * step / self.warmup_steps for _ in self.base_lrs]
        return super()._get_warmup_lr(step)

    def _get_lr(self, step: int) -> Rates:
        reject_base_lr_below(self.min_lr, self.base_lrs, "CosineAnnealing")
        if self.constant_steps == 0:
            return [self._wave(base, self._progress(step)) for base in self.base_lrs]
        since_warmup = step - self.warmup_steps
        if since_warmup > self.decay_steps:
            return [self.min_lr for _ in self.base_lrs]
        rate = self._wave(self.base_lrs[0], since_warmup / max(1, self.decay_steps))
        return [rate for _ in self.base_lrs]

    def _wave(self, base: Rate, progress: float) -> Rate:
        return (base - self.min_lr) * 0.5 * (1.0 + math.cos(math.pi * progress)) + self.min_lr
