"""Parameters of each learning-rate schedule: what may stand under `optim.sched` in a config, with the defaults.

Steps are optimizer steps. A length is given as `*_steps` or, as a share of `max_steps`, as `*_ratio`.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from typing import Any

from nemo.utils.exceptions import ConfigError

__all__ = [
    "AVAILABLE_SCHEDULER_PARAMS",
    "CosineAnnealingParams",
    "CyclicLRParams",
    "ExponentialLRParams",
    "InverseSquareRootAnnealingParams",
    "NoamAnnealingParams",
    "NoamHoldAnnealingParams",
    "PolynomialDecayAnnealingParams",
    "PolynomialHoldDecayAnnealingParams",
    "ReduceLROnPlateauParams",
    "SchedulerParams",
    "SquareAnnealingParams",
    "SquareRootAnnealingParams",
    "SquareRootConstantSchedulerParams",
    "StepLRParams",
    "WarmupAnnealingHoldSchedulerParams",
    "WarmupAnnealingParams",
    "WarmupHoldSchedulerParams",
    "WarmupSchedulerParams",
    "get_scheduler_config",
    "register_scheduler_params",
]

UNLESS_SET = {"shown": "unless default"}
"""Metadata of fields that are rarely set: they are left out of the printed form while they have their default."""


@dataclass(repr=False)
class SchedulerParams:
    """What every schedule takes."""

    last_epoch: int = -1

    def __repr__(self) -> str:
        shown = [
            f"{each.name}={getattr(self, each.name)!r}"
            for each in fields(self)
            if each.metadata != UNLESS_SET or getattr(self, each.name) != each.default or each.default is MISSING
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(repr=False)
class WarmupSchedulerParams(SchedulerParams):
    """Parameters of WarmupPolicy."""

    max_steps: float = field(default=0, metadata=UNLESS_SET)
    """Steps of the whole training; 0 until the trainer's settings give it."""
    warmup_steps: float | None = None
    warmup_ratio: float | None = None


@dataclass(repr=False)
class WarmupHoldSchedulerParams(WarmupSchedulerParams):
    """Parameters of WarmupHoldPolicy."""

    hold_steps: float | None = None
    hold_ratio: float | None = None
    min_lr: float = 0.0


@dataclass(repr=False)
class WarmupAnnealingHoldSchedulerParams(WarmupSchedulerParams):
    """Parameters of the schedules with a constant phase: CosineAnnealing, WarmupHoldAnneal*."""

    constant_steps: float | None = field(default=None, metadata=UNLESS_SET)
    constant_ratio: float | None = field(default=None, metadata=UNLESS_SET)
    min_lr: float = 0.0


@dataclass(repr=False)
class SquareAnnealingParams(WarmupSchedulerParams):
    """Parameters of SquareAnnealing."""

    min_lr: float = 1e-5


@dataclass(repr=False)
class SquareRootAnnealingParams(WarmupSchedulerParams):
    """Parameters of SquareRootAnnealing."""

    min_lr: float = 0.0


@dataclass(repr=False)
class CosineAnnealingParams(WarmupAnnealingHoldSchedulerParams):
    """Parameters of CosineAnnealing."""

    min_lr: float = 0.0


@dataclass(repr=False)
class NoamAnnealingParams(WarmupSchedulerParams):
    """Parameters of NoamAnnealing, which also needs `d_model`."""

    min_lr: float = 0.0


@dataclass(repr=False)
class NoamHoldAnnealingParams(WarmupHoldSchedulerParams):
    """Parameters of NoamHoldAnnealing."""

    decay_rate: float = 0.5


@dataclass(repr=False)
class WarmupAnnealingParams(WarmupSchedulerParams):
    """Parameters of WarmupAnnealing."""

    warmup_ratio: float | None = None


@dataclass(repr=False)
class InverseSquareRootAnnealingParams(WarmupSchedulerParams):
    """Parameters of InverseSquareRootAnnealing."""


@dataclass(repr=False)
class PolynomialDecayAnnealingParams(WarmupSchedulerParams):
    """Parameters of PolynomialDecayAnnealing."""

    power: float = 1.0
    cycle: bool = False


@dataclass(repr=False)
class PolynomialHoldDecayAnnealingParams(WarmupSchedulerParams):
    """Parameters of PolynomialHoldDecayAnnealing, which also takes `hold_steps` or `hold_ratio`."""

    power: float = 1.0
    cycle: bool = False


@dataclass(repr=False)
class SquareRootConstantSchedulerParams(SchedulerParams):
    """Parameters of T5InverseSquareRootAnnealing."""

    constant_steps: float | None = None
    constant_ratio: float | None = None


@dataclass(repr=False)
class StepLRParams(SchedulerParams):
    """Parameters of :class:`torch.optim.lr_scheduler.StepLR`."""

    step_size: float = 0.1
    gamma: float = 0.1


@dataclass(repr=False)
class ExponentialLRParams(SchedulerParams):
    """Parameters of :class:`torch.optim.lr_scheduler.ExponentialLR`."""

    gamma: float = 0.9


@dataclass
class ReduceLROnPlateauParams:
    """Parameters of :class:`torch.optim.lr_scheduler.ReduceLROnPlateau`."""

    mode: str = "min"
    factor: float = 0.1
    patience: int = 10
    verbose: bool = False
    threshold: float = 1e-4
    threshold_mode: str = "rel"
    cooldown: int = 0
    min_lr: float = 0
    eps: float = 1e-8


@dataclass(repr=False)
class CyclicLRParams(SchedulerParams):
    """Parameters of :class:`torch.optim.lr_scheduler.CyclicLR`."""

    base_lr: float = 0.001
    max_lr: float = 0.1
    step_size_up: int = 2000
    step_size_down: int | None = None
    mode: str = "triangular"
    gamma: float = 1.0
    scale_mode: str = "cycle"
    cycle_momentum: bool = True
    base_momentum: float = 0.8
    max_momentum: float = 0.9


AVAILABLE_SCHEDULER_PARAMS: dict[str, type] = {
    "SchedulerParams": SchedulerParams,
    "WarmupPolicyParams": WarmupSchedulerParams,
    "WarmupHoldPolicyParams": WarmupHoldSchedulerParams,
    "WarmupAnnealingParams": WarmupAnnealingParams,
    "SquareAnnealingParams": SquareAnnealingParams,
    "SquareRootAnnealingParams": SquareRootAnnealingParams,
    "InverseSquareRootAnnealingParams": InverseSquareRootAnnealingParams,
    "T5InverseSquareRootAnnealingParams": SquareRootConstantSchedulerParams,
    "SquareRootConstantPolicyParams": SquareRootConstantSchedulerParams,
    "CosineAnnealingParams": CosineAnnealingParams,
    "NoamAnnealingParams": NoamAnnealingParams,
    "NoamHoldAnnealingParams": NoamHoldAnnealingParams,
    "PolynomialDecayAnnealingParams": PolynomialDecayAnnealingParams,
    "PolynomialHoldDecayAnnealingParams": PolynomialHoldDecayAnnealingParams,
    "WarmupHoldAnnealLinearParams": WarmupAnnealingHoldSchedulerParams,
    "WarmupHoldAnnealOneMinusSquareRootParams": WarmupAnnealingHoldSchedulerParams,
    "StepLRParams": StepLRParams,
    "ExponentialLRParams": ExponentialLRParams,
    "ReduceLROnPlateauParams": ReduceLROnPlateauParams,
    "CyclicLRParams": CyclicLRParams,
}
"""`<name of the schedule>Params` -> dataclass."""


def register_scheduler_params(name: str, scheduler_params: type) -> None:
    """Makes the dataclass of a schedule's parameters known as `name`.

    Raises:
        ConfigError: the name is taken.
    """
    if name in AVAILABLE_SCHEDULER_PARAMS:
        raise ConfigError(
            f"Schedule parameters called {name!r} exist: {AVAILABLE_SCHEDULER_PARAMS[name]}. Choose another name."
        )
    AVAILABLE_SCHEDULER_PARAMS[name] = scheduler_params


def get_scheduler_config(name: str, **kwargs: Any) -> partial[Any]:
    """The dataclass called `name` with `kwargs` bound, to be called for an instance.

    Raises:
        ConfigError: no parameters have this name.
    """
    if name not in AVAILABLE_SCHEDULER_PARAMS:
        raise ConfigError(
            f"There are no schedule parameters called {name!r}; there are {', '.join(AVAILABLE_SCHEDULER_PARAMS)}."
        )
    return partial(AVAILABLE_SCHEDULER_PARAMS[name], **kwargs)
