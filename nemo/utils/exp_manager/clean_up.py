"""Removing what a run no longer needs."""

from __future__ import annotations

from pathlib import Path

from nemo.utils.exceptions import ConfigError


def clean_exp_ckpt(exp_log_dir: str | Path, remove_ckpt: bool = True, remove_nemo: bool = False) -> None:
    """Removes the checkpoints of a run, on purpose.

    Args:
        exp_log_dir: folder of the run; its `checkpoints` folder is cleaned.
        remove_ckpt: remove `*.ckpt`.
        remove_nemo: remove `*.nemo`.

    Raises:
        ConfigError: the folder does not exist.
    """
    folder = Path(exp_log_dir) / "checkpoints"
    if not folder.is_dir():
        raise ConfigError(f"{folder} does not exist; give the folder of a run, which exp_manager returns")
    patterns = ["*.ckpt"] * remove_ckpt + ["*.nemo"] * remove_nemo
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink()
