"""Warmup, a long hold, and a short fall at the end (Haegele et al., 2024, https://arxiv.org/abs/2405.18392)."""

from __future__ import annotations

from torch.optim import Optimizer

from nemo.core.optim.policies.base import Rates, WarmupPolicy, steps_of_phase


class WarmupHoldAnnealLinear(WarmupPolicy):
    """Warmup, `constant_steps` at the optimizer's rate, then linearly to `min_lr` at `max_steps`.

    Args:
        optimizer: its `lr` is the rate that is held.
        max_steps: steps of the whole training.
        min_lr: the lowest rate.
        warmup_steps: length of the warmup in steps.
        warmup_ratio: the same as a share of `max_steps`.
        constant_steps: length of the hold in steps.
        constant_ratio: the same as a share of `max_steps`.
        last_epoch: number of the last step made, -1 for none.
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
        warmup = steps_of_phase("warmup", warmup_steps, warmup_ratio, max_steps)
        self.constant_steps = steps_of_phase("constant", constant_steps, constant_ratio, max_steps)
        self.decay_begins = warmup + self.constant_steps
        super().__init__(
            optimizer,
            warmup_steps=warmup_steps,
            warmup_ratio=warmup_ratio,
            max_steps=max_steps,
            min_lr=min_lr,
            last_epoch=last_epoch,
        )

    def _get_lr(self, step: int) -> Rates:
        if step <= self.decay_begins:
            return list(self.base_lrs)
        progress = (step - self.decay_begins) / self._known_max_steps(after=self.decay_begins)
        share = self._share_left(progress)
        return [self.min_lr + (base - self.min_lr) * share for base in self.base_lrs]

    def _share_left(self, progress: float) -> float:
        """How much of the way from `min_lr` up to the rate is left when `progress` (0 to 1) of the fall is over."""
        return 1.0 - progress


class WarmupHoldAnnealOneMinusSquareRoot(WarmupHoldAnnealLinear):
    """Warmup, `constant_steps` at the optimizer's rate, then `1 - sqrt(progress)` of it down to `min_lr`."""

    def _share_left(self, progress: float) -> float:
        return 1.0 - progress**0.5
