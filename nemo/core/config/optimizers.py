"""Parameters of each optimizer: what may stand under `optim` in a config, with the defaults.

`lr` has no default anywhere: it is `???` until it is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from omegaconf import MISSING

from nemo.utils.exceptions import ConfigError

__all__ = [
    "AVAILABLE_OPTIMIZER_PARAMS",
    "AdadeltaParams",
    "AdafactorParams",
    "AdagradParams",
    "AdamParams",
    "AdamWParams",
    "AdamaxParams",
    "NovogradParams",
    "OptimizerParams",
    "RMSpropParams",
    "RpropParams",
    "SGDParams",
    "get_optimizer_config",
    "register_optimizer_params",
]


@dataclass
class OptimizerParams:
    """What every optimizer needs."""

    lr: float | None = MISSING


@dataclass
class SGDParams(OptimizerParams):
    """Parameters of :class:`torch.optim.SGD`."""

    momentum: float = 0
    dampening: float = 0
    weight_decay: float = 0
    nesterov: bool = False


@dataclass
class AdamParams(OptimizerParams):
    """Parameters of :class:`torch.optim.Adam`, whose `betas` stay at their default."""

    eps: float = 1e-08
    weight_decay: float = 0
    amsgrad: bool = False


@dataclass
class AdamWParams(OptimizerParams):
    """Parameters of :class:`torch.optim.AdamW`."""

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-08
    weight_decay: float = 0
    amsgrad: bool = False


@dataclass
class AdadeltaParams(OptimizerParams):
    """Parameters of :class:`torch.optim.Adadelta`."""

    rho: float = 0.9
    eps: float = 1e-6
    weight_decay: float = 0


@dataclass
class AdamaxParams(OptimizerParams):
    """Parameters of :class:`torch.optim.Adamax`."""

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0


@dataclass
class AdagradParams(OptimizerParams):
    """Parameters of :class:`torch.optim.Adagrad`."""

    lr_decay: float = 0
    weight_decay: float = 0
    initial_accumulator_value: float = 0
    eps: float = 1e-10


@dataclass
class RMSpropParams(OptimizerParams):
    """Parameters of :class:`torch.optim.RMSprop`."""

    alpha: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0
    momentum: float = 0
    centered: bool = False


@dataclass
class RpropParams(OptimizerParams):
    """Parameters of :class:`torch.optim.Rprop`."""

    etas: tuple[float, float] = (0.5, 1.2)
    step_sizes: tuple[float, float] = (1e-6, 50)


@dataclass
class NovogradParams(OptimizerParams):
    """Parameters of :class:`nemo.core.optim.novograd.Novograd`."""

    betas: tuple[float, float] = (0.95, 0.98)
    eps: float = 1e-8
    weight_decay: float = 0
    grad_averaging: bool = False
    amsgrad: bool = False
    luc: bool = False
    luc_trust: float = 1e-3
    luc_eps: float = 1e-8


@dataclass
class AdafactorParams(OptimizerParams):
    """Parameters of :class:`nemo.core.optim.adafactor.Adafactor`."""

    beta1: float | None = None
    eps: tuple[float, float] = (1e-30, 1e-3)
    clip_threshold: float = 1.0
    decay_rate: float = 0.8
    weight_decay: float = 0
    scale_parameter: bool = True
    relative_step: bool = False
    warmup_init: bool = False


AVAILABLE_OPTIMIZER_PARAMS: dict[str, type] = {
    "optim_params": OptimizerParams,
    "adam_params": AdamParams,
    "novograd_params": NovogradParams,
    "sgd_params": SGDParams,
    "adadelta_params": AdadeltaParams,
    "adamax_params": AdamaxParams,
    "adagrad_params": AdagradParams,
    "adamw_params": AdamWParams,
    "rmsprop_params": RMSpropParams,
    "rprop_params": RpropParams,
    "adafactor_params": AdafactorParams,
}
"""Name of the parameters -> their dataclass."""


def register_optimizer_params(name: str, optimizer_params: type) -> None:
    """Makes the dataclass of an optimizer's parameters known as `name`.

    Raises:
        ConfigError: the name is taken.
    """
    if name in AVAILABLE_OPTIMIZER_PARAMS:
        raise ConfigError(
            f"Optimizer parameters called {name!r} exist: {AVAILABLE_OPTIMIZER_PARAMS[name]}. Choose another name."
        )
    AVAILABLE_OPTIMIZER_PARAMS[name] = optimizer_params


def get_optimizer_config(name: str | None, **kwargs: Any) -> dict[str, Any] | partial[Any]:
    """The dataclass called `name` with `kwargs` bound, to be called for an instance; `kwargs` when `name` is None.

    Raises:
        ConfigError: no parameters have this name.
    """
    if name is None:
        return kwargs
    if name not in AVAILABLE_OPTIMIZER_PARAMS:
        raise ConfigError(
            f"There are no optimizer parameters called {name!r}; there are {', '.join(AVAILABLE_OPTIMIZER_PARAMS)}."
        )
    return partial(AVAILABLE_OPTIMIZER_PARAMS[name], **kwargs)
