"""The keys of the `exp_manager` section and their defaults; the names and values are those of the original."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager.errors import UnknownKeyError
from nemo.utils.exp_manager.loggers.params import ClearMLParams, DLLoggerParams, MLFlowParams
from nemo.utils.spelling import nearest

# OmegaConf reads the annotations: X | None instead of X | None works in every Python it supports


@dataclass
class CallbackParams:
    """Which checkpoints are kept; the arguments of Lightning's ModelCheckpoint and some more."""

    filepath: str | None = None
    """No longer used; give dirpath and filename."""
    dirpath: str | None = None
    """Default: `checkpoints` in the folder of the run."""
    filename: str | None = None
    """Default: `<name>--{<monitor>:.4f}-{epoch}`."""
    monitor: str | None = "val_loss"
    verbose: bool | None = True
    save_last: bool | None = True
    save_top_k: int | None = 3
    """Best checkpoints kept; -1 keeps all."""
    save_weights_only: bool | None = False
    mode: str | None = "min"
    auto_insert_metric_name: bool = True
    every_n_epochs: int | None = 1
    """Left out when every_n_train_steps or train_time_interval is given and this is not."""
    every_n_train_steps: int | None = None
    train_time_interval: Any | None = None
    """`DD:HH:MM:SS`, or a mapping of timedelta's arguments."""
    prefix: str | None = None
    """Stem of the `.nemo` file; default: the name of the experiment."""
    postfix: str = ".nemo"
    save_best_model: bool = False
    """The `.nemo` file holds the best weights, not the last."""
    always_save_nemo: bool = False
    """Write the `.nemo` file with every checkpoint, not only at the end."""
    save_nemo_on_train_end: bool | None = True
    model_parallel_size: int | None = None
    save_on_train_epoch_end: bool | None = False
    """Save at the end of the epoch instead of after validation."""


@dataclass
class EarlyStoppingParams:
    """When to stop; the arguments of Lightning's EarlyStopping."""

    monitor: str = "val_loss"
    mode: str = "min"
    min_delta: float = 0.001
    patience: int = 10
    """Validations without improvement."""
    verbose: bool = True
    strict: bool = True
    check_finite: bool = True
    stopping_threshold: float | None = None
    divergence_threshold: float | None = None
    check_on_train_epoch_end: bool | None = None
    log_rank_zero_only: bool = False


@dataclass
class StepTimingParams:
    """How steps are timed."""

    reduction: str | None = "mean"
    sync_cuda: bool | None = False
    """Wait for the GPU before reading the clock."""
    buffer_size: int | None = 1
    """Steps that the reduction is over."""


@dataclass
class EMAParams:
    """Moving average of the weights; see :class:`~nemo.utils.exp_manager.ema.EMA`."""

    enable: bool | None = False
    decay: float | None = 0.999
    """Share of the average that a step keeps."""
    cpu_offload: bool | None = False
    """Keep the average in the CPU's memory."""
    validate_original_weights: bool | None = False
    """Validation and test measure the trained weights, not the average."""
    every_n_steps: int = 1
    """Optimizer steps from one update of the average to the next."""


@dataclass
class ExpManagerConfig:
    """The `exp_manager` section of a config."""

    explicit_log_dir: str | None = None
    """Folder of the run as it is; exp_dir, name and version then only name things."""
    exp_dir: str | None = None
    """Folder of all experiments; default: ./nemo_experiments."""
    name: str | None = None
    """Folder of this experiment; default: default."""
    version: str | None = None
    """Folder of this run; default: date and time, nothing with resume_if_exists."""
    use_datetime_version: bool | None = True
    """False: version_0, version_1 ... instead of date and time."""
    resume_if_exists: bool | None = False
    resume_past_end: bool | None = False
    """Allow resuming when there is an `*end.ckpt`, the checkpoint of a finished run."""
    resume_ignore_no_checkpoint: bool | None = False
    """Start from the beginning when there is nothing to resume from, instead of an error."""
    resume_from_checkpoint: str | None = None
    """Checkpoint to start from; one that resume_if_exists finds in the folder of the run is taken before it."""
    create_tensorboard_logger: bool | None = True
    summary_writer_kwargs: dict[Any, Any] | None = None
    create_wandb_logger: bool | None = False
    wandb_logger_kwargs: dict[Any, Any] | None = None
    create_mlflow_logger: bool | None = False
    mlflow_logger_kwargs: MLFlowParams | None = field(default_factory=MLFlowParams)
    create_dllogger_logger: bool | None = False
    dllogger_logger_kwargs: DLLoggerParams | None = field(default_factory=DLLoggerParams)
    create_clearml_logger: bool | None = False
    clearml_logger_kwargs: ClearMLParams | None = field(default_factory=ClearMLParams)
    create_neptune_logger: bool | None = False
    neptune_logger_kwargs: dict[Any, Any] | None = None
    create_checkpoint_callback: bool | None = True
    checkpoint_callback_params: CallbackParams | None = field(default_factory=CallbackParams)
    create_early_stopping_callback: bool | None = False
    early_stopping_callback_params: EarlyStoppingParams | None = field(default_factory=EarlyStoppingParams)
    create_preemption_callback: bool | None = True
    """Acts on GPUs only, and in a later release."""
    files_to_copy: list[str] | None = None
    """Files that are copied into the folder of the run."""
    log_step_timing: bool | None = True
    step_timing_kwargs: StepTimingParams | None = field(default_factory=StepTimingParams)
    log_local_rank_0_only: bool | None = False
    """Log files of the first process of each node only."""
    log_global_rank_0_only: bool | None = False
    """A log file of the first process only."""
    disable_validation_on_resume: bool | None = True
    """A checkpoint that was written after a validation does not validate again when it is resumed."""
    ema: EMAParams | None = field(default_factory=EMAParams)
    max_time_per_run: str | None = None
    """`DD:HH:MM:SS`: after so long the last checkpoint is written and the program ends normally."""
    seconds_to_sleep: float = 5
    """On several nodes, how long the other processes wait for the first one to make the folder."""


def merged_config(cfg: DictConfig | Mapping[str, Any]) -> DictConfig:
    """The user's section with all defaults.

    Raises:
        ValueError: `cfg` is neither a dict nor a DictConfig.
        UnknownKeyError: it has a key that is not known here.
        ConfigError: a value has the wrong type.
    """
    if dataclasses.is_dataclass(cfg) and not isinstance(cfg, type):
        cfg = OmegaConf.structured(cfg)
    if not isinstance(cfg, (dict, DictConfig)):
        raise ValueError(f"cfg of exp_manager is a {type(cfg).__name__}; give a dict or a DictConfig")
    given = cfg if isinstance(cfg, DictConfig) else OmegaConf.create(cfg)
    values = OmegaConf.to_container(given, resolve=True)
    assert isinstance(values, dict)
    schema = OmegaConf.structured(ExpManagerConfig)
    _refuse_unknown_keys(values, schema, "exp_manager")
    try:
        merged = OmegaConf.merge(schema, values)
    except OmegaConfBaseException as error:
        raise ConfigError(f"exp_manager.{error.full_key}: {error.msg}") from error
    assert isinstance(merged, DictConfig)
    for key in schema:  # `ema: null` in a YAML file means that nothing is said about it
        if merged[key] is None and isinstance(schema[key], DictConfig):
            merged[key] = schema[key]
    return merged


def _refuse_unknown_keys(values: Mapping[Any, Any], schema: DictConfig, where: str) -> None:
    known = [str(key) for key in schema]
    unknown = [str(key) for key in values if str(key) not in known]
    if unknown:
        faults = []
        for key in unknown:
            close = nearest(key, known)
            faults.append(f"{where}.{key} is unknown" + (f"; did you mean {close}?" if close else ""))
        raise UnknownKeyError(". ".join(faults) + f" Known keys of {where}: {', '.join(sorted(known))}.")
    for key, value in values.items():
        section = schema[key]
        if isinstance(value, Mapping) and isinstance(section, DictConfig) and OmegaConf.get_type(section) is not dict:
            _refuse_unknown_keys(value, section, f"{where}.{key}")
