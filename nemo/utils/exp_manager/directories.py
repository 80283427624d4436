"""The folder of a run: `<exp_dir>/<name>/<version>`, or one that is given as it is."""

from __future__ import annotations

import logging
import os
import re
import weakref
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nemo.constants import NEMO_ENV_VARNAME_VERSION
from nemo.utils.distributed import of_rank_zero
from nemo.utils.exceptions import ConfigError, WriteError
from nemo.utils.exp_manager.errors import LoggerMisconfigurationError
from nemo.utils.get_rank import is_global_rank_zero

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

logger = logging.getLogger(__name__)

DEFAULT_EXP_DIR = "nemo_experiments"
DEFAULT_NAME = "default"

_folders: weakref.WeakKeyDictionary[Trainer, Path] = weakref.WeakKeyDictionary()
"""The folder of each trainer that the experiment manager has set up."""

_exported_here: set[str] = set()
"""Versions that this process itself put into the environment: they are for its children, not for its next run."""


@dataclass(frozen=True)
class RunDirectories:
    """Where a run writes."""

    log_dir: Path
    exp_dir: str
    name: str
    version: str | None
    """None: the run writes directly into the folder of the experiment."""


def remember_folder(trainer: Trainer, log_dir: Path) -> None:
    """Keeps the folder that a trainer's run writes into."""
    _folders[trainer] = log_dir


def folder_of(trainer: Trainer) -> Path | None:
    """The folder that the experiment manager gave a trainer's run; None if it has not set the trainer up."""
    return _folders.get(trainer)


def get_log_dir(
    trainer: Trainer,
    exp_dir: str | None = None,
    name: str | None = None,
    version: str | None = None,
    explicit_log_dir: str | None = None,
    use_datetime_version: bool = True,
    resume_if_exists: bool = False,
) -> tuple[Path, str, str, str | None]:
    """Decides the folder of the run; makes nothing.

    Returns:
        The folder, and the exp_dir, name and version that it is made of.

    Raises:
        LoggerMisconfigurationError: the trainer's own logger says another folder.
    """
    found = choose_directories(
        trainer, exp_dir, name, version, explicit_log_dir, use_datetime_version, resume_if_exists
    )
    return found.log_dir, found.exp_dir, found.name, found.version


def choose_directories(
    trainer: Trainer,
    exp_dir: str | None,
    name: str | None,
    version: str | None,
    explicit_log_dir: str | None,
    use_datetime_version: bool,
    resume_if_exists: bool,
) -> RunDirectories:
    """As :func:`get_log_dir`, with names for what it gives."""
    if explicit_log_dir:
        return check_explicit_log_dir(trainer, explicit_log_dir, exp_dir, name, version)
    if trainer.logger is not None:
        return _of_trainers_logger(trainer, exp_dir, name)
    parent = exp_dir or str(Path.cwd() / DEFAULT_EXP_DIR)
    name = name or DEFAULT_NAME
    version = version or _version_from_environment()
    if not version and not resume_if_exists:
        version = str(of_rank_zero(_new_version(Path(parent) / name, use_datetime_version)))
    if version and is_global_rank_zero():
        # processes that Lightning starts from here shall write into the same folder
        os.environ[NEMO_ENV_VARNAME_VERSION] = version
        _exported_here.add(version)
    return RunDirectories(Path(parent) / name / (version or ""), parent, name, version)


def check_explicit_log_dir(
    trainer: Trainer, explicit_log_dir: str, exp_dir: str | None, name: str | None, version: str | None
) -> RunDirectories:
    """The folder as it is given.

    Raises:
        LoggerMisconfigurationError: the trainer has a logger, which would write somewhere else.
    """
    if trainer.logger is not None:
        raise LoggerMisconfigurationError(
            f"explicit_log_dir is {explicit_log_dir}, and the trainer already has a logger, "
            f"{type(trainer.logger).__name__}, that chose its own folder."
        )
    if exp_dir or version:
        logger.error(
            "explicit_log_dir is %s: exp_dir (%s) and version (%s) are not used", explicit_log_dir, exp_dir, version
        )
    if is_global_rank_zero() and Path(explicit_log_dir).exists():
        logger.info("the run writes into %s, which exists", explicit_log_dir)
    return RunDirectories(Path(explicit_log_dir), str(explicit_log_dir), "", "")


def check_working_directory() -> None:
    """Refuses a run whose working directory Hydra has changed.

    Raises:
        ConfigError: Hydra moved to a folder of its own; relative paths would point elsewhere.
    """
    import sys

    if "hydra" not in sys.modules:
        return
    from hydra.core.hydra_config import HydraConfig
    from hydra.utils import get_original_cwd

    if HydraConfig.initialized() and get_original_cwd() != os.getcwd():
        raise ConfigError(
            f"Hydra changed the working directory from {get_original_cwd()} to {os.getcwd()}, and relative paths of "
            "the config would point elsewhere. Set hydra.run.dir=. or use nemo.core.config.hydra_runner."
        )


def make_run_folder(log_dir: Path) -> None:
    """Makes the folder of a run; another process may be quicker.

    Raises:
        WriteError: it cannot be made; names it.
    """
    try:
        log_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            f"the folder of the run, {log_dir}, cannot be made: {error.strerror}. Choose another one with "
            "exp_manager.exp_dir or explicit_log_dir, or move away what is in its place."
        ) from error


def _of_trainers_logger(trainer: Trainer, exp_dir: str | None, name: str | None) -> RunDirectories:
    existing = trainer.logger
    assert existing is not None
    kind = type(existing).__name__
    if existing.save_dir and exp_dir:
        raise LoggerMisconfigurationError(
            f"exp_dir is {exp_dir}, but the trainer's {kind} already writes below {existing.save_dir}."
        )
    if name:
        raise LoggerMisconfigurationError(
            f"name is {name}, but the trainer's {kind} already has the name {existing.name}."
        )
    parent = str(existing.save_dir or exp_dir or trainer.default_root_dir)
    name = str(existing.name)
    version = existing.version
    version = version if isinstance(version, str) else f"version_{version}"
    return RunDirectories(Path(parent) / name / version, parent, name, version)


def _version_from_environment() -> str | None:
    version = os.environ.get(NEMO_ENV_VARNAME_VERSION)
    return None if not version or version in _exported_here else version


def _new_version(experiment: Path, use_datetime_version: bool) -> str:
    if use_datetime_version:
        return datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    taken = [-1]
    if experiment.is_dir():
        taken += [
            int(match[1]) for child in experiment.iterdir() if (match := re.fullmatch(r"version_(\d+)", child.name))
        ]
    return f"version_{max(taken) + 1}"
