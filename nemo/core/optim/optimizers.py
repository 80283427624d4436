"""Optimizers by name, as `optim.name` in a config gives it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import optim
from torch.optim import Optimizer

from nemo.core.archive.targets import check_before_building
from nemo.core.config.optimizers import get_optimizer_config, register_optimizer_params
from nemo.core.optim.adafactor import Adafactor
from nemo.core.optim.adan import Adan
from nemo.core.optim.novograd import Novograd
from nemo.utils.exceptions import ConfigError

__all__ = ["AVAILABLE_OPTIMIZERS", "get_optimizer", "parse_optimizer_args", "register_optimizer"]

logger = logging.getLogger(__name__)

AVAILABLE_OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": optim.SGD,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "adadelta": optim.Adadelta,
    "adamax": optim.Adamax,
    "adagrad": optim.Adagrad,
    "rmsprop": optim.RMSprop,
    "rprop": optim.Rprop,
    "novograd": Novograd,
    "adafactor": Adafactor,
    "adan": Adan,
}
"""Name in `optim.name` -> class."""


def get_optimizer(name: str, **kwargs: Any) -> partial[Optimizer]:
    """The class called `name` with `kwargs` bound; it still needs the parameters.

    Raises:
        ConfigError: no optimizer has this name, or it does not run on this machine.
    """
    if name == "fused_adam" and not torch.cuda.is_available():
        raise ConfigError("optim.name is fused_adam, which needs a CUDA device. Set optim.name=adam.")
    if name not in AVAILABLE_OPTIMIZERS:
        raise ConfigError(f"There is no optimizer {name!r} (optim.name); there are {', '.join(AVAILABLE_OPTIMIZERS)}.")
    # plain containers only: an optimizer keeps its arguments, and so do its checkpoints
    plain: dict[str, Any] = {
        key: OmegaConf.to_container(value) if OmegaConf.is_config(value) else value for key, value in kwargs.items()
    }
    return partial(AVAILABLE_OPTIMIZERS[name], **plain)


def register_optimizer(name: str, optimizer: type[Optimizer], optimizer_params: type) -> None:
    """Makes an optimizer available to configs as `optim.name`.

    Args:
        name: name for configs.
        optimizer: its class; the first argument of the constructor is the parameters.
        optimizer_params: dataclass of its arguments, registered as `<class name>_params`.

    Raises:
        ConfigError: the name is taken.
    """
    if name in AVAILABLE_OPTIMIZERS:
        raise ConfigError(f"The optimizer name {name!r} is taken by {AVAILABLE_OPTIMIZERS[name]}. Choose another name.")
    register_optimizer_params(name=f"{optimizer.__name__}_params", optimizer_params=optimizer_params)
    AVAILABLE_OPTIMIZERS[name] = optimizer


def parse_optimizer_args(
    optimizer_name: str, optimizer_kwargs: Mapping[str, Any] | DictConfig | None
) -> dict[str, Any]:
    """The arguments that `optim.args` stands for.

    Args:
        optimizer_name: the optimizer, for `name: auto`.
        optimizer_kwargs: the arguments themselves; or `name: auto` (or the name of registered parameters) with
            `params` that differ from the defaults; or `_target_` with a dataclass of parameters; or None.

    Raises:
        ConfigError: `name` is not the name of registered parameters.
    """
    if optimizer_kwargs is None:
        return {}
    if isinstance(optimizer_kwargs, DictConfig):
        container = OmegaConf.to_container(optimizer_kwargs, resolve=True)
        assert isinstance(container, dict)
        kwargs: dict[str, Any] = {str(key): value for key, value in container.items()}
    else:
        kwargs = dict(optimizer_kwargs)
    given = kwargs.get("params") or {}
    if "_target_" in kwargs:
        from hydra.utils import instantiate

        check_before_building(kwargs, "the arguments of the optimizer")
        kwargs.pop("params", None)
        return dict(vars(instantiate({**kwargs, **given})))
    if "name" in kwargs:
        name = f"{optimizer_name}_params" if kwargs["name"] == "auto" else kwargs["name"]
        params = get_optimizer_config(name, **given)
        return dict(vars(params())) if callable(params) else params
    return kwargs
