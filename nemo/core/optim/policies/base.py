"""What every schedule of ours shares: phases counted in optimizer steps.

A schedule is a row of phases: warmup, perhaps a hold, then its own formula, and `min_lr` once `max_steps` is over.
`step` is the number of optimizer steps already made, so the first update uses `step = 0`. All state is plain numbers,
which lets a checkpoint with a schedule load with `weights_only=True`.
"""

from __future__ import annotations

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from nemo.utils.exceptions import ConfigError

Rate = float | Tensor
"""A learning rate; PyTorch allows a tensor where an optimizer is captured in a CUDA graph."""
Rates = list[Rate]
"""One for each parameter group."""


class ScheduleArgumentError(ConfigError, AssertionError):
    """A schedule's arguments contradict one another; also an AssertionError, which is what the original raises."""


def steps_of_phase(phase: str, steps: int | None, ratio: float | None, max_steps: int | None) -> int:
    """Length of a phase, given as a number of steps or as a share of `max_steps`; 0 when neither is given.

    Args:
        phase: what the arguments are called: `warmup` for `warmup_steps` and `warmup_ratio`.
        steps: the length itself.
        ratio: the length divided by `max_steps`, from 0 to 1.
        max_steps: steps of the whole training.

    Raises:
        ScheduleArgumentError: both are given, or a ratio without `max_steps`.
    """
    if steps is not None and ratio is not None:
        raise ScheduleArgumentError(
            f"{phase}_steps is {steps} and {phase}_ratio is {ratio}; only one of them can be used. Remove the other."
        )
    if ratio is None:
        return int(steps or 0)
    if max_steps is None:
        raise ScheduleArgumentError(
            f"{phase}_ratio is {ratio}, a share of max_steps, but max_steps is not known. "
            f"Set max_steps, or give {phase}_steps."
        )
    return int(ratio * max_steps)


def reject_base_lr_below(min_lr: float, base_lrs: Rates, policy: str) -> None:
    """Raises ConfigError when a parameter group starts below the rate it is to be annealed to."""
    too_small = [lr for lr in base_lrs if lr < min_lr]
    if too_small:
        raise ConfigError(
            f"{policy} anneals down to min_lr={min_lr}, but the optimizer starts from lr={too_small[0]}. "
            "Raise optim.lr or lower optim.sched.min_lr."
        )


class WarmupPolicy(LRScheduler):
    """Rises linearly over the warmup, then stays at the optimizer's own rate; `min_lr` after `max_steps`.

    Base of the other schedules: they give another `_get_lr`.

    Args:
        optimizer: its `lr` is the rate at the end of the warmup.
        warmup_steps: length of the warmup in steps.
        warmup_ratio: the same as a share of `max_steps`; exclusive with `warmup_steps`.
        max_steps: after this many steps the rate is `min_lr`; None for no end.
        min_lr: the rate after the end.
        last_epoch: number of the last step made, -1 for none.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        warmup_steps: int | None = None,
        warmup_ratio: float | None = None,
        max_steps: int | None = None,
        min_lr: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.max_steps = max_steps
        self.warmup_steps = steps_of_phase("warmup", warmup_steps, warmup_ratio, max_steps)
        self.min_lr = min_lr
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """Rate of each parameter group for the next update."""
        step = self.last_epoch
        if self.warmup_steps > 0 and step <= self.warmup_steps:
            return self._get_warmup_lr(step)
        if self.max_steps is not None and step > self.max_steps:
            return [self.min_lr for _ in self.base_lrs]
        return self._get_lr(step)

    def _get_warmup_lr(self, step: int) -> Rates:
        share = (step + 1) / (self.warmup_steps + 1)
        return [base * share for base in self.base_lrs]

    def _get_lr(self, step: int) -> Rates:
        """Rate of each group after the warmup and before the end."""
        return list(self.base_lrs)

    def _progress(self, step: int) -> float:
        """How far the annealing is, from 0 at the end of the warmup to 1 at `max_steps`."""
        return (step - self.warmup_steps) / self._known_max_steps(after=self.warmup_steps)

    def _known_max_steps(self, after: int = 0) -> int:
        if self.max_steps is None:
            raise ScheduleArgumentError(
                f"{type(self).__name__} needs max_steps. Set optim.sched.max_steps, or trainer.max_steps or max_epochs."
            )
        return max(1, self.max_steps - after)


class WarmupHoldPolicy(WarmupPolicy):
    """Warmup, then the optimizer's own rate for `hold_steps`, then what a subclass says.

    Args:
        optimizer: its `lr` is the rate that is held.
        warmup_steps: length of the warmup in steps.
        warmup_ratio: the same as a share of `max_steps`.
        hold_steps: length of the hold, counted from the end of the warmup.
        hold_ratio: the same as a share of `max_steps`.
        max_steps: after this many steps the rate is `min_lr`.
        min_lr: the rate after the end.
        last_epoch: number of the last step made, -1 for none.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        warmup_steps: int | None = None,
        warmup_ratio: float | None = None,
        hold_steps: int | None = None,
        hold_ratio: float | None = None,
        max_steps: int | None = None,
        min_lr: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        warmup = steps_of_phase("warmup", warmup_steps, warmup_ratio, max_steps)
        self.hold_steps = steps_of_phase("hold", hold_steps, hold_ratio, max_steps) + warmup
        """Step at which the hold ends."""
        super().__init__(
            optimizer,
            warmup_steps=warmup_steps,
            warmup_ratio=warmup_ratio,
            max_steps=max_steps,
            min_lr=min_lr,
            last_epoch=last_epoch,
        )

    def get_lr(self) -> Rates:
        """Rate of each parameter group for the next update."""
        if self.warmup_steps <= self.last_epoch < self.hold_steps:
            return list(self.base_lrs)
        return super().get_lr()
