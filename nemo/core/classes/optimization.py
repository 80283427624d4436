"""A model's optimizer and learning-rate schedule, from its `optim` section."""

from __future__ import annotations

import copy
import dataclasses
import logging
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import DictConfig, OmegaConf, open_dict

from nemo.core.classes.serialization import locate
from nemo.core.optim.lr_scheduler import prepare_lr_scheduler
from nemo.core.optim.optimizers import get_optimizer, parse_optimizer_args
from nemo.utils.exceptions import ConfigError

if TYPE_CHECKING:
    from nemo.core.classes.model_pt import ModelPT

logger = logging.getLogger(__name__)

NOT_ARGUMENTS = ("name", "cls", "lr", "args", "sched", "_target_")
"""Keys of `optim` that are not passed to the optimizer as they are."""


def setup_optimization(
    model: ModelPT, optim_config: Any = None, optim_kwargs: dict[str, Any] | None = None, optimizers: int = 1
) -> tuple[torch.optim.Optimizer, dict[str, Any] | None] | None:
    """Builds the optimizer and the schedule of `model`; see :meth:`ModelPT.setup_optimization`.

    A model that steps several `optimizers` for each batch says how many: Lightning counts each of their steps in
    `trainer.max_steps`, and a schedule counts batches.
    """
    config = _optim_config(model, optim_config)
    if config is None:
        return None
    schedule = config.pop("sched", None)
    optimizer_class, label = _optimizer_class(config)
    arguments = dict(optim_kwargs or {})
    arguments.update(parse_optimizer_args(label, config["args"]) if config.get("args") is not None else {})
    arguments.update({key: value for key, value in config.items() if key not in NOT_ARGUMENTS})
    if config.get("lr") == "???":
        raise ConfigError(
            "model.optim.lr is not set. Every optimizer needs a learning rate: set model.optim.lr=<number>."
        )
    if "lr" in config:
        arguments["lr"] = config["lr"]
    try:
        optimizer = optimizer_class(model._optimizer_param_groups, **arguments)
    except TypeError as error:
        raise ConfigError(
            f"model.optim: {label} does not take these arguments ({error}): {sorted(arguments)}"
        ) from error
    _check_group_keys(model, optimizer, label)
    scheduler = None
    if schedule is not None:
        schedule = _with_trainer_limits(schedule, model._trainer, optimizers)
        scheduler = prepare_lr_scheduler(
            optimizer=optimizer, scheduler_config=OmegaConf.create(schedule), train_dataloader=model._train_dl
        )
    return optimizer, scheduler


def _optim_config(model: ModelPT, given: Any) -> dict[str, Any] | None:
    """The `optim` section as a plain dict; also written back to the model's config."""
    if given is None:
        given = model.cfg.get("optim")
        if given is None:
            logger.info("no optimizer config was given and the model's config has none: no optimizer is made")
            return None
    if dataclasses.is_dataclass(given):
        given = OmegaConf.structured(given)
    config = given if isinstance(given, DictConfig) else OmegaConf.create(copy.deepcopy(dict(given)))
    if isinstance(config.get("sched"), DictConfig) and "name" not in config.sched and "_target_" not in config.sched:
        raise ConfigError("model.optim.sched has no `name`. Give the name of a schedule, for example CosineAnnealing.")
    with open_dict(model.cfg):
        model.cfg.optim = copy.deepcopy(config)
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def _optimizer_class(config: dict[str, Any]) -> tuple[Any, str]:
    target = config.get("_target_")
    if isinstance(target, str):
        return locate(target), target.rpartition(".")[2].lower()
    if target is not None:
        return target, target.__name__.lower()
    name = config.get("name") or config.get("cls") or "adam"
    return get_optimizer(name), str(name)


def _with_trainer_limits(schedule: dict[str, Any], trainer: Any, optimizers: int) -> dict[str, Any]:
    """Tells the schedule how long training will be, as far as the trainer knows."""
    if trainer is None:
        return schedule
    if trainer.max_steps is not None and trainer.max_steps >= 0:
        return {**schedule, "max_steps": trainer.max_steps // optimizers}
    if not isinstance(trainer.accumulate_grad_batches, int):
        raise ConfigError(
            f"trainer.accumulate_grad_batches is {trainer.accumulate_grad_batches!r}; a schedule needs an integer to "
            "compute the number of steps. Set an integer, or set trainer.max_steps."
        )
    return {
        **schedule,
        "t_max_epochs": trainer.max_epochs,
        "t_accumulate_grad_batches": trainer.accumulate_grad_batches,
        "t_limit_train_batches": trainer.limit_train_batches,
        "t_num_workers": trainer.num_devices * trainer.num_nodes,
    }


def _check_group_keys(model: ModelPT, optimizer: torch.optim.Optimizer, label: str) -> None:
    """PyTorch takes any key in a group and does not use those that it does not know."""
    for name, options in (model.cfg.get("optim_param_groups") or {}).items():
        unknown = sorted(set(options or {}) - set(optimizer.defaults))
        if unknown:
            raise ConfigError(
                f"model.optim_param_groups.{name} has {', '.join(unknown)}, which {label} does not take for a group. "
                f"There are: {', '.join(sorted(optimizer.defaults))}."
            )


def parameter_groups(model: ModelPT) -> list[dict[str, Any]]:
    """One group with all parameters, or a group for each module under `optim_param_groups` and one for the rest.

    Raises:
        ValueError: `optim_param_groups` names a module that the model does not have, or one without parameters.
    """
    configured = model.cfg.get("optim_param_groups")
    if not configured:
        return [{"params": list(model.parameters())}]
    taken: set[int] = set()
    groups: list[dict[str, Any]] = []
    for name, options in configured.items():
        module = getattr(model, name, None)
        parameters = [p for p in module.parameters() if id(p) not in taken] if module is not None else []
        if not parameters:
            children = ", ".join(child for child, _ in model.named_children())
            raise ConfigError(
                f"model.optim_param_groups.{name}: the model has no module {name!r} with parameters; it has {children}"
            )
        taken.update(id(p) for p in parameters)
        alike = [child for child, _ in model.named_children() if child.startswith(name) and child != name]
        if alike:
            logger.info(
                "optim_param_groups.%s is for %s alone; the original takes %s along, whose names begin alike",
                name,
                name,
                ", ".join(alike),
            )
        groups.append({"params": parameters, **(OmegaConf.to_container(options) if options else {})})  # type: ignore[dict-item]
    rest = [p for p in model.parameters() if id(p) not in taken]
    return [{"params": rest}, *groups] if rest else groups
