"""Configuration of a whole experiment as dataclasses: model, trainer, experiment manager.

The module keeps the original's name, which users import.
"""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass, field, make_dataclass
from functools import partial
from typing import Any, get_type_hints

from omegaconf import MISSING

from nemo.core.classes.dataset import DatasetConfig
from nemo.core.config.optimizers import OptimizerParams
from nemo.core.config.pytorch_lightning import TrainerConfig
from nemo.core.config.schedulers import SchedulerParams
from nemo.utils.exceptions import ConfigError

__all__ = ["HydraConfig", "ModelConfig", "ModelConfigBuilder", "NemoConfig", "OptimConfig", "SchedConfig"]


@dataclass
class SchedConfig:
    """`optim.sched`: the schedule's name, and what all schedules take."""

    name: str = MISSING
    min_lr: float = 0.0
    last_epoch: int = -1


@dataclass
class OptimConfig:
    """`model.optim`: the optimizer's name and its schedule."""

    name: str = MISSING
    sched: SchedConfig | None = None


@dataclass
class ModelConfig:
    """`model`: the data sets and the optimizer; the rest is each model's own."""

    train_ds: DatasetConfig | None = None
    validation_ds: DatasetConfig | None = None
    test_ds: DatasetConfig | None = None
    optim: OptimConfig | None = None


def _run() -> dict[str, Any]:
    return {"dir": "."}


def _job_logging() -> dict[str, Any]:
    return {"root": {"handlers": None}}


@dataclass
class HydraConfig:
    """Hydra stays in the current folder and leaves logging alone."""

    run: dict[str, Any] = field(default_factory=_run)
    job_logging: dict[str, Any] = field(default_factory=_job_logging)


def _trainer() -> TrainerConfig:
    return TrainerConfig(
        strategy="ddp", enable_checkpointing=False, logger=False, log_every_n_steps=1, accelerator="gpu"
    )


def _exp_manager() -> Any:
    from nemo.utils.exp_manager import ExpManagerConfig

    return ExpManagerConfig()


@dataclass
class NemoConfig:
    """A whole experiment."""

    name: str = MISSING
    model: Any = MISSING
    """A :class:`ModelConfig` or what derives from it."""
    trainer: TrainerConfig = field(default_factory=_trainer)
    exp_manager: Any | None = field(default_factory=_exp_manager)
    hydra: HydraConfig = field(default_factory=HydraConfig)


class ModelConfigBuilder:
    """Puts a model's configuration together step by step and checks it at the end.

    Args:
        model_cfg: configuration to start from; it is not changed.
    """

    def __init__(self, model_cfg: ModelConfig) -> None:
        self.model_cfg = copy.deepcopy(model_cfg)
        self.train_ds_cfg: DatasetConfig | None = None
        self.validation_ds_cfg: DatasetConfig | None = None
        self.test_ds_cfg: DatasetConfig | None = None
        self.optim_cfg: Any = None

    def set_train_ds(self, cfg: DatasetConfig | None = None) -> None:
        """Sets the training data; None removes it."""
        self.model_cfg.train_ds = self.train_ds_cfg = cfg

    def set_validation_ds(self, cfg: DatasetConfig | None = None) -> None:
        """Sets the validation data; None removes it."""
        self.model_cfg.validation_ds = self.validation_ds_cfg = cfg

    def set_test_ds(self, cfg: DatasetConfig | None = None) -> None:
        """Sets the test data; None removes it."""
        self.model_cfg.test_ds = self.test_ds_cfg = cfg

    def set_optim(self, cfg: OptimizerParams, sched_cfg: SchedulerParams | None = None) -> None:
        """Sets the optimizer, and its schedule, from their parameter dataclasses.

        The names follow from the classes: `NovogradParams` means `novograd`.

        Raises:
            ConfigError: the schedule's class is not called `<Schedule>Params`.
        """
        sched = None
        if sched_cfg is not None:
            sched_name = type(sched_cfg).__name__
            if not sched_name.endswith("Params"):
                raise ConfigError(f"The schedule's parameters are of class {sched_name}; expected <Schedule>Params.")
            sched = _named_config(SchedConfig, sched_cfg, sched_name.removesuffix("Params"))
        self.optim_cfg = _named_config(OptimConfig, cfg, type(cfg).__name__.removesuffix("Params").lower(), sched=sched)
        self.model_cfg.optim = self.optim_cfg

    def build(self) -> ModelConfig:
        """The finished configuration."""
        return self.model_cfg


def _named_config(base: type, params: Any, name: str, **further: Any) -> Any:
    """An instance of a dataclass made of `base` and of the fields and values of `params`.

    Being a dataclass, it keeps its types when it becomes an OmegaConf structured config.
    """
    hints = get_type_hints(type(params))
    fields = [
        (each.name, hints[each.name], field(default_factory=partial(copy.deepcopy, getattr(params, each.name))))
        for each in dataclasses.fields(params)
    ]
    cls = make_dataclass(base.__name__, fields, bases=(base,))
    return cls(name=name, **further)
