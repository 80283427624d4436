"""Each trainer writes into its own run's folder."""

from pathlib import Path

import pytorch_lightning as pl

from nemo.core.training.run_folder import run_folder
from nemo.utils.exp_manager import exp_manager

QUIET = {"accelerator": "cpu", "logger": False, "enable_checkpointing": False}


def test_the_folder_of_an_earlier_run_is_not_taken(tmp_path):
    managed = pl.Trainer(**QUIET)
    folder = exp_manager(managed, {"explicit_log_dir": str(tmp_path / "run"), "create_tensorboard_logger": False})
    alone = pl.Trainer(**QUIET, default_root_dir=str(tmp_path / "alone"))
    assert run_folder(managed) == folder == tmp_path / "run"
    assert run_folder(alone) == Path(tmp_path / "alone")
