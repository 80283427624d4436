"""The schedule of the Transformer (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762), and one with a hold."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer

from nemo.core.optim.policies.base import Rates, WarmupHoldPolicy, WarmupPolicy, reject_base_lr_below
from nemo.utils.exceptions import ConfigError


class NoamAnnealing(WarmupPolicy):
    """`lr * d_model^-0.5 * min(step^-0.5, step * warmup_steps^-1.5)`, not below `min_lr` after the warmup.

    Args:
        optimizer: its `lr` multiplies the formula, so it is usually about 1.
        d_model: width of the model.
        warmup_steps: length of the warmup in steps.
        warmup_ratio: the same as a share of `max_steps`.
        max_steps: only used by `warmup_ratio`; the schedule has no end.
        min_lr: the lowest rate after the warmup.
        last_epoch: number of the last step made, -1 for none.

    Raises:
        ConfigError: a group's rate is below `min_lr`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        d_model: int,
        warmup_steps: int | None = None,
        warmup_ratio: float | None = None,
        max_steps: int | None = None,
        min_lr: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self._normalize = d_model**-0.5
        super().__init__(
            optimizer,
            warmup_steps=warmup_steps,
            warmup_ratio=warmup_ratio,
            max_steps=max_steps,
            min_lr=min_lr,
            last_epoch=last_epoch,
        )

    def get_lr(self) -> Rates:
        """Rate of each parameter group for the next update; the formula holds from the first step to any step."""
        reject_base_lr_below(self.min_lr, self.base_lrs, "NoamAnnealing")
        step = max(1, self.last_epoch)
        factor = step**-0.5
        if self.warmup_steps > 0:
            factor = min(factor, step * self.warmup_steps**-1.5)
        rates = [base * self._normalize * factor for base in self.base_lrs]
        return [max(rate, self.min_lr) for rate in rates] if step > self.warmup_steps else rates


class NoamHoldAnnealing(WarmupHoldPolicy):
    """Warmup, hold, then `lr * (warmup_steps / (step - hold_steps))^decay_rate`, not below `min_lr`.

    Made for Squeezeformer (Kim et al., 2022, https://arxiv.org/abs/2206.00888).

    Args:
        optimizer: its `lr` is the highest rate.
        max_steps: steps of the whole training.
        decay_rate: 0.5 decays as Noam does, 1.0 as Squeezeformer.
        min_lr: the lowest rate.
        last_epoch: number of the last step made, -1 for none.
        **phases: `warmup_steps` or `warmup_ratio` (one is needed), `hold_steps` or `hold_ratio`.

    Raises:
        ConfigError: there is no warmup, or a group's rate is below `min_lr`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        max_steps: int,
        decay_rate: float = 0.5,
        min_lr: float = 0.0,
        last_epoch: int = -1,
        **phases: Any,
    ) -> None:
        self.decay_rate = decay_rate
        super().__init__(optimizer, max_steps=max_steps, min_lr=min_lr, last_epoch=last_epoch, **phases)

    def _get_lr(self, step: int) -> Rates:
        if self.warmup_steps == 0:
            raise ConfigError("NoamHoldAnnealing needs a warmup. Set optim.sched.warmup_steps or warmup_ratio.")
        reject_base_lr_below(self.min_lr, self.base_lrs, "NoamHoldAnnealing")
        # self.hold_steps includes the warmup; the decay counts from the end of the hold proper
        since_hold = step - (self.hold_steps - self.warmup_steps)
        factor = max(1.0, self.warmup_steps**self.decay_rate) / max(1.0, since_hold**self.decay_rate)
        return [max(base * factor, self.min_lr) for base in self.base_lrs]
