"""What a run leaves beside its checkpoints: log lines, the command, the state of the code, copies of files."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from nemo.utils.atomic import atomic_write
from nemo.utils.env_var_parsing import get_envint
from nemo.utils.exceptions import ConfigError
from nemo.utils.get_rank import get_rank
from nemo.utils.log_file import LogFile
from nemo.utils.nemo_logging import LineFormatter
from nemo.utils.nemo_logging import logging as nemo_log

logger = logging.getLogger(__name__)

LIGHTNING_LOGGERS = ("pytorch_lightning", "lightning.pytorch", "lightning_fabric", "lightning.fabric")
GIT_SECONDS = 30

_lightning_handlers: list[logging.Handler] = []


def write_run_files(log_dir: Path, files_to_copy: Iterable[str] | None) -> None:
    """On rank zero: `cmd-args.log`, `git-info.log` and copies of `files_to_copy`.

    Raises:
        FileNotFoundError: a file to copy does not exist.
    """
    with atomic_write(log_dir / "cmd-args.log") as temporary:
        temporary.write_text(" ".join(sys.argv), encoding="utf-8")
    commit = get_git_hash()
    if commit is not None:
        with atomic_write(log_dir / "git-info.log") as temporary:
            temporary.write_text(f"commit hash: {commit}\n{get_git_diff()}", encoding="utf-8")
    for name in files_to_copy or ():
        if not Path(name).is_file():
            raise FileNotFoundError(f"exp_manager.files_to_copy names {name}, which is no file")
        with atomic_write(log_dir / Path(name).name) as temporary:
            shutil.copyfile(name, temporary)


def check_log_flags(log_local_rank_0_only: bool, log_global_rank_0_only: bool) -> None:
    """Refuses both flags together.

    Raises:
        ConfigError: both are true.
    """
    if log_local_rank_0_only and log_global_rank_0_only:
        raise ConfigError(
            "exp_manager.log_local_rank_0_only and log_global_rank_0_only are both true. Set one: the first process "
            "of each node, or the first of all."
        )


def open_log_files(log_dir: Path, log_local_rank_0_only: bool, log_global_rank_0_only: bool) -> None:
    """Begins `nemo_log_globalrank-<g>_localrank-<l>.txt`, and on rank zero the files of errors and of Lightning."""
    rank, local_rank = get_rank(), get_envint("LOCAL_RANK", get_envint("SLURM_LOCALID", 0)) or 0
    wanted = rank == 0 if log_global_rank_0_only else local_rank == 0 if log_local_rank_0_only else True
    if wanted:
        nemo_log.add_file_handler(log_dir / f"nemo_log_globalrank-{rank}_localrank-{local_rank}.txt")
    if rank == 0:
        nemo_log.add_err_file_handler(log_dir / "nemo_error_log.txt")
        add_filehandlers_to_pl_logger(log_dir / "lightning_logs.txt", log_dir / "nemo_error_log.txt")


def add_filehandlers_to_pl_logger(all_log_file: str | Path, err_log_file: str | Path) -> None:
    """Lightning's log lines go into a file, too, and its warnings and errors into a second; earlier ones are closed."""
    close_lightning_files()
    for path, level in ((all_log_file, logging.NOTSET), (err_log_file, logging.WARNING)):
        handler = LogFile(path)
        handler.setLevel(level)
        handler.setFormatter(LineFormatter())
        _lightning_handlers.append(handler)
        for name in LIGHTNING_LOGGERS:
            logging.getLogger(name).addHandler(handler)


def close_lightning_files() -> None:
    """Ends what :func:`add_filehandlers_to_pl_logger` began."""
    while _lightning_handlers:
        old = _lightning_handlers.pop()
        for name in LIGHTNING_LOGGERS:
            logging.getLogger(name).removeHandler(old)
        old.close()


def get_git_hash() -> str | None:
    """The commit of the working directory; None outside a git checkout."""
    found = _git("rev-parse", "HEAD")
    return found.strip() if found is not None else None


def get_git_diff() -> str:
    """What differs from that commit; empty outside a git checkout."""
    return _git("diff") or ""


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, check=False, timeout=GIT_SECONDS, stdin=subprocess.DEVNULL
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
