"""Learning-rate schedules by name, and from the `optim.sched` section of a config.

The schedules themselves are in `nemo.core.optim.policies`, one file for each family; this is where they are found.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CyclicLR, ExponentialLR, LRScheduler, ReduceLROnPlateau, StepLR

from nemo.core.archive.targets import check_before_building
from nemo.core.config.schedulers import get_scheduler_config, register_scheduler_params
from nemo.core.optim.max_steps import compute_max_steps, max_steps_of_loader
from nemo.core.optim.policies.base import ScheduleArgumentError, WarmupHoldPolicy, WarmupPolicy
from nemo.core.optim.policies.cosine import CosineAnnealing
from nemo.core.optim.policies.noam import NoamAnnealing, NoamHoldAnnealing
from nemo.core.optim.policies.polynomial import (
    PolynomialDecayAnnealing,
    PolynomialHoldDecayAnnealing,
    WarmupAnnealing,
)
from nemo.core.optim.policies.power import (
    InverseSquareRootAnnealing,
    SquareAnnealing,
    SquareRootAnnealing,
    SquareRootConstantPolicy,
    T5InverseSquareRootAnnealing,
)
from nemo.core.optim.policies.warmup_hold_anneal import WarmupHoldAnnealLinear, WarmupHoldAnnealOneMinusSquareRoot
from nemo.utils.exceptions import ConfigError

__all__ = [
    "AVAILABLE_SCHEDULERS",
    "EPOCH_SCHEDULERS",
    "CosineAnnealing",
    "InverseSquareRootAnnealing",
    "NoamAnnealing",
    "NoamHoldAnnealing",
    "PolynomialDecayAnnealing",
    "PolynomialHoldDecayAnnealing",
    "ScheduleArgumentError",
    "SquareAnnealing",
    "SquareRootAnnealing",
    "SquareRootConstantPolicy",
    "T5InverseSquareRootAnnealing",
    "WarmupAnnealing",
    "WarmupHoldAnnealLinear",
    "WarmupHoldAnnealOneMinusSquareRoot",
    "WarmupHoldPolicy",
    "WarmupPolicy",
    "compute_max_steps",
    "get_scheduler",
    "prepare_lr_scheduler",
    "register_scheduler",
]

logger = logging.getLogger(__name__)

_POLICIES: tuple[type[LRScheduler], ...] = (
    WarmupPolicy,
    WarmupHoldPolicy,
    SquareAnnealing,
    CosineAnnealing,
    NoamAnnealing,
    NoamHoldAnnealing,
    WarmupAnnealing,
    InverseSquareRootAnnealing,
    T5InverseSquareRootAnnealing,
    SquareRootAnnealing,
    PolynomialDecayAnnealing,
    PolynomialHoldDecayAnnealing,
    WarmupHoldAnnealLinear,
    WarmupHoldAnnealOneMinusSquareRoot,
)

for _policy in (*_POLICIES, SquareRootConstantPolicy):
    _policy.__module__ = __name__  # the path that users print, name in configs and pickle

EPOCH_SCHEDULERS: dict[str, type[LRScheduler]] = {
    "ExponentialLR": ExponentialLR,
    "ReduceLROnPlateau": ReduceLROnPlateau,
}
"""Schedules that step once an epoch; all others step with the optimizer."""

AVAILABLE_SCHEDULERS: dict[str, type[LRScheduler]] = {
    **{policy.__name__: policy for policy in _POLICIES},
    "StepLR": StepLR,
    "ExponentialLR": ExponentialLR,
    "ReduceLROnPlateau": ReduceLROnPlateau,
    "CyclicLR": CyclicLR,
}
"""Name in `optim.sched.name` -> class."""

NOT_ARGUMENTS = ("name", "args", "params", "monitor", "reduce_on_plateau", "_target_")
"""Keys of `optim.sched` that, like those starting with `t_`, are not arguments of the schedule."""


def register_scheduler(name: str, scheduler: type[LRScheduler], scheduler_params: type) -> None:
    """Makes a schedule available to configs as `optim.sched.name`.

    Args:
        name: name for configs.
        scheduler: its class; the first argument of the constructor is the optimizer.
        scheduler_params: dataclass of its arguments, registered as `<class name>_params`.

    Raises:
        ConfigError: the name is taken.
    """
    if name in AVAILABLE_SCHEDULERS:
        raise ConfigError(f"The schedule name {name!r} is taken by {AVAILABLE_SCHEDULERS[name]}. Choose another name.")
    register_scheduler_params(name=f"{scheduler.__name__}_params", scheduler_params=scheduler_params)
    AVAILABLE_SCHEDULERS[name] = scheduler


def get_scheduler(name: str, **kwargs: Any) -> partial[LRScheduler]:
    """The class called `name` with `kwargs` bound; it still needs the optimizer.

    `max_steps` is left out when the class does not take it.

    Raises:
        ConfigError: no schedule has this name.
    """
    if name not in AVAILABLE_SCHEDULERS:
        raise ConfigError(
            f"There is no schedule {name!r} (optim.sched.name); there are {', '.join(AVAILABLE_SCHEDULERS)}."
        )
    scheduler = AVAILABLE_SCHEDULERS[name]
    if "max_steps" in kwargs and not _takes(scheduler, "max_steps"):
        kwargs.pop("max_steps")
    return partial(scheduler, **kwargs)


def prepare_lr_scheduler(
    optimizer: Optimizer,
    scheduler_config: Mapping[str, Any] | DictConfig | None,
    train_dataloader: Any = None,
) -> dict[str, Any] | None:
    """Builds a schedule from the `optim.sched` section and says when Lightning is to step it.

    Args:
        optimizer: the optimizer to steer.
        scheduler_config: `name`, `monitor` (default `loss`), `reduce_on_plateau` and either the schedule's arguments or
            `args` with them. `_target_` may name a dataclass `<Schedule>Params` in place of `name`, and `args.name`
            may be `auto` or the name of registered parameters. Without `max_steps`, the keys that a trainer knows
            (`t_max_epochs`, `t_accumulate_grad_batches`, `t_limit_train_batches`, `t_num_workers`) and the loader
            give it.
        train_dataloader: the training data, to compute `max_steps`.

    Returns:
        Lightning's dict with `scheduler`, `interval`, `frequency`, `monitor` and `reduce_on_plateau`; None when there
        is no config or the number of steps is not known.

    Raises:
        ConfigError: an unknown schedule, or arguments that it does not take.
    """
    if scheduler_config is None:
        return None
    config = _plain(scheduler_config)
    name, arguments = _name_and_arguments(config)
    max_steps = _max_steps(config.get("max_steps") or arguments.get("max_steps"), config, train_dataloader)
    if max_steps is None:
        return None
    arguments["max_steps"] = max_steps
    factory = get_scheduler(name, **arguments)
    scheduler = _build(name, factory, optimizer)
    logger.info("Schedule %s with %s", name, factory.keywords)
    return {
        "scheduler": scheduler,
        "interval": "epoch" if name in EPOCH_SCHEDULERS else "step",
        "frequency": 1,
        "monitor": config.get("monitor") or arguments.get("monitor") or "loss",
        "reduce_on_plateau": bool(config.get("reduce_on_plateau") or name == "ReduceLROnPlateau"),
    }


def _build(name: str, factory: partial[LRScheduler], optimizer: Optimizer) -> LRScheduler:
    if not _takes(factory.func, "verbose"):  # PyTorch 2.7 took this argument away; configs still have it
        factory.keywords.pop("verbose", None)
    try:
        return factory(optimizer)
    except TypeError as error:
        raise ConfigError(f"optim.sched: {name} cannot be built from {factory.keywords}: {error}") from error


def _plain(config: Mapping[str, Any] | DictConfig) -> dict[str, Any]:
    """A copy that holds only plain containers, so that they may enter checkpoints."""
    container = OmegaConf.to_container(
        config if isinstance(config, DictConfig) else OmegaConf.create(dict(config), flags={"allow_objects": True}),
        resolve=True,
    )
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def _name_and_arguments(config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    section = config.get("args") or config
    name = config.get("name") or ""
    if "_target_" in section:
        params = _instantiate({**section, **(section.get("params") or {})})
        return type(params).__name__.removesuffix("Params"), dict(vars(params))
    if section is not config and section.get("name"):
        params_name = f"{name}Params" if section["name"] == "auto" else section["name"]
        params = get_scheduler_config(params_name, **(section.get("params") or {}))()
        return name, dict(vars(params))
    if not name:
        raise ConfigError(f"optim.sched has no `name`. Give one of {', '.join(AVAILABLE_SCHEDULERS)}.")
    return name, {key: value for key, value in section.items() if _is_argument(key)}


def _instantiate(section: dict[str, Any]) -> Any:
    from hydra.utils import instantiate

    kept = {key: value for key, value in section.items() if key == "_target_" or _is_argument(key)}
    check_before_building(kept, "optim.sched")
    return instantiate(kept)


def _is_argument(key: str) -> bool:
    return key not in NOT_ARGUMENTS and not key.startswith("t_")


def _max_steps(max_steps: float | None, config: dict[str, Any], train_dataloader: Any) -> int | None:
    """The number of steps of the training; None, with a warning, when nobody knows it."""
    if max_steps:  # 0 is the default of the parameter dataclasses and means: not given
        if max_steps > 0:
            return int(max_steps)
        if max_steps == -1:
            logger.warning("max_steps is -1 (train for ever), so no learning-rate schedule is used")
            return None
        raise ScheduleArgumentError(f"optim.sched.max_steps is {max_steps}; it must be positive, or -1 for no end.")
    if config.get("t_max_epochs") is None:
        logger.warning("Neither max_steps nor the number of epochs is known, so no learning-rate schedule is used")
        return None
    if train_dataloader is None:
        logger.warning("There is no training data to compute max_steps from, so no learning-rate schedule is used")
        return None
    if config["t_max_epochs"] < 0:
        logger.warning("max_epochs is %s (train for ever), so no schedule is used", config["t_max_epochs"])
        return None
    return max_steps_of_loader(
        train_dataloader,
        max_epochs=config["t_max_epochs"],
        accumulate_grad_batches=config.get("t_accumulate_grad_batches") or 1,
        limit_train_batches=config.get("t_limit_train_batches", 1.0),
        num_workers=config.get("t_num_workers") or 1,
    )


def _takes(function: Any, argument: str) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(p.name == argument or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
