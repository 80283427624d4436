"""Where a run writes."""

from __future__ import annotations

from pathlib import Path

from pytorch_lightning import Trainer

from nemo.utils.exp_manager.directories import folder_of


def run_folder(trainer: Trainer) -> Path:
    """The folder of exp_manager, else that of the trainer's first logger, else the trainer's `default_root_dir`.

    All processes have to call it, because they take the name that the first one knows.
    """
    chosen = folder_of(trainer) or trainer.log_dir or trainer.default_root_dir
    return Path(trainer.strategy.broadcast(str(chosen)))
