"""`exp_manager`: sets a trainer up for an experiment."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Trainer

from nemo.utils.app_state import AppState
from nemo.utils.env_var_parsing import get_envint
from nemo.utils.exp_manager.checkpoint import configure_checkpointing, refuse_second_callback
from nemo.utils.exp_manager.config import merged_config
from nemo.utils.exp_manager.directories import (
    RunDirectories,
    check_working_directory,
    choose_directories,
    make_run_folder,
    remember_folder,
)
from nemo.utils.exp_manager.early_stopping import configure_early_stopping
from nemo.utils.exp_manager.ema import configure_ema, make_ema
from nemo.utils.exp_manager.exact_resume import ExactResume
from nemo.utils.exp_manager.log_files import check_log_flags, open_log_files, write_run_files
from nemo.utils.exp_manager.logged_values import log_cheaply
from nemo.utils.exp_manager.loggers.configure import check_loggers, configure_loggers
from nemo.utils.exp_manager.processes import advice_for_several_nodes, connect_processes, wait_for_all
from nemo.utils.exp_manager.resume import check_resume, log_decision
from nemo.utils.exp_manager.time_limit import configure_time_limit
from nemo.utils.exp_manager.timing import TimingCallback
from nemo.utils.exp_manager.validation import skip_validation_on_resume
from nemo.utils.get_rank import get_rank, is_global_rank_zero

logger = logging.getLogger(__name__)


def exp_manager(trainer: Trainer, cfg: DictConfig | Mapping[str, Any] | None = None) -> Path | None:
    """Decides where a run writes, gives the trainer loggers and callbacks, and finds the checkpoint to resume from.

    Args:
        trainer: made with `logger=False` and `enable_checkpointing=False`.
        cfg: the `exp_manager` section; see :class:`~nemo.utils.exp_manager.config.ExpManagerConfig`.

    Returns:
        The folder of the run; None when there is nothing to manage: no config, or a trainer with `fast_dev_run`.

    Raises:
        ValueError: the config is not possible; UnknownKeyError for a key that is not known, NotFoundError when there
            is nothing to resume from, LoggerMisconfigurationError and CheckpointMisconfigurationError when the trainer
            already has what is to be made. MissingDependencyError (an ImportError): a logger's package is missing.
    """
    AppState().local_rank = get_envint("LOCAL_RANK", 0)
    AppState().global_rank = get_rank()
    if cfg is None:
        logger.error("exp_manager got no config: nothing is logged, saved or resumed. Add an exp_manager section.")
        return None
    if trainer.fast_dev_run:  # type: ignore[attr-defined]
        logger.info("the trainer has fast_dev_run: exp_manager does nothing, no files are written")
        return None
    config = merged_config(cfg)
    error_checks(trainer, config)
    connect_processes(trainer)
    directories = choose_directories(
        trainer,
        config.exp_dir,
        config.name,
        config.version,
        config.explicit_log_dir,
        config.use_datetime_version,
        config.resume_if_exists,
    )
    decision: list[tuple[int, str]] = []
    check_resume(
        trainer,
        directories.log_dir,
        config.resume_if_exists,
        config.resume_past_end,
        config.resume_ignore_no_checkpoint,
        config.checkpoint_callback_params.dirpath,
        config.resume_from_checkpoint,
        tell=lambda *said: decision.append(said),
    )
    # "" is what an explicit_log_dir gives
    checkpoint_name = directories.name or config.name or "default"
    remember_folder(trainer, directories.log_dir)
    _remember(directories, config, checkpoint_name)
    _make_folder(trainer, directories.log_dir, config)
    for level, text in decision:  # now that there is a log file
        log_decision(level, text)
    _add_parts(trainer, directories, config, checkpoint_name)
    logger.info("the run writes into %s", directories.log_dir)
    return directories.log_dir


def error_checks(trainer: Trainer, cfg: DictConfig | Mapping[str, Any]) -> None:
    """Refuses what cannot work, before anything is written.

    Raises:
        ConfigError: Hydra changed the working directory, or both rank flags are set.
        LoggerMisconfigurationError: the trainer has a logger and one is to be made.
        CheckpointMisconfigurationError: the same for checkpoints.
        MissingDependencyError: a logger's package is not installed.
        MisconfigurationException: the decay of the moving average is no share.
    """
    config = cfg if isinstance(cfg, DictConfig) else merged_config(cfg)
    check_working_directory()
    check_log_flags(config.log_local_rank_0_only, config.log_global_rank_0_only)
    check_loggers(trainer, config)
    if config.create_checkpoint_callback:
        refuse_second_callback(trainer)
    if config.ema.enable:
        make_ema(config.ema)
    advice = advice_for_several_nodes(trainer)
    if advice is not None:
        logger.error("%s", advice)


def _remember(directories: RunDirectories, config: DictConfig, checkpoint_name: str) -> None:
    state = AppState()
    state.log_dir = directories.log_dir
    state.exp_dir = directories.exp_dir
    state.name = directories.name
    state.version = directories.version
    state.checkpoint_name = checkpoint_name
    state.create_checkpoint_callback = config.create_checkpoint_callback
    state.checkpoint_callback_params = config.checkpoint_callback_params


def _make_folder(trainer: Trainer, log_dir: Path, config: DictConfig) -> None:
    if is_global_rank_zero():
        make_run_folder(log_dir)
    wait_for_all()  # till the files of an earlier run are out of the way
    if not is_global_rank_zero() and trainer.num_nodes > 1:  # a shared disk may show the folder late
        time.sleep(config.seconds_to_sleep)
    make_run_folder(log_dir)
    open_log_files(log_dir, config.log_local_rank_0_only, config.log_global_rank_0_only)
    if is_global_rank_zero():
        write_run_files(log_dir, config.files_to_copy)


def _add_parts(trainer: Trainer, directories: RunDirectories, config: DictConfig, checkpoint_name: str) -> None:
    """Loggers and callbacks, in the order in which they act."""
    configure_loggers(trainer, directories, config, checkpoint_name)
    if config.log_step_timing:
        kwargs = OmegaConf.to_container(config.step_timing_kwargs)
        trainer.callbacks.insert(0, TimingCallback(timer_kwargs=kwargs))  # type: ignore[attr-defined, arg-type]
    if config.ema.enable:
        configure_ema(trainer, config.ema)
    if config.create_early_stopping_callback:
        configure_early_stopping(trainer, config.early_stopping_callback_params)
    if config.create_checkpoint_callback:
        configure_checkpointing(
            trainer,
            directories.log_dir,
            checkpoint_name,
            config.resume_if_exists,
            config.checkpoint_callback_params,
            config.create_preemption_callback,
        )
    if config.max_time_per_run is not None:
        configure_time_limit(trainer, config.max_time_per_run)
    trainer.callbacks.append(ExactResume())  # type: ignore[attr-defined]
    if config.disable_validation_on_resume:
        skip_validation_on_resume(trainer)
    log_cheaply(trainer)
