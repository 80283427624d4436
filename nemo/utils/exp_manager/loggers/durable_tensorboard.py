"""Lightning's TensorBoard logger, for full disks: `hparams.yaml` is whole or not there, and errors name files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytorch_lightning import loggers
from pytorch_lightning.core.saving import save_hparams_to_yaml
from pytorch_lightning.utilities import rank_zero_only

from nemo.utils.atomic import FULL_DISK, atomic_write, explained, os_error_behind
from nemo.utils.exceptions import WriteError


class TensorBoardLogger(loggers.TensorBoardLogger):
    """Lightning's logger. TensorBoard writes in a thread, whose error comes up at the next write or flush."""

    _has_failed = False
    _has_hparams = False

    @rank_zero_only
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Writes values; Lightning would say that they are of a wrong kind when the disk is full."""
        with self._naming_the_file():
            super().log_metrics(metrics, step)

    @rank_zero_only
    def save(self) -> None:
        """Writes what waits in memory, and the hyper-parameters if that was not done yet."""
        with self._naming_the_file():
            if not self._has_hparams:  # Lightning would look for the file at each write
                self._save_hparams()
            self.experiment.flush()

    def _save_hparams(self) -> None:
        path = Path(self.log_dir) / self.NAME_HPARAMS_FILE
        if not path.parent.is_dir():
            return
        if not path.is_file():
            with atomic_write(path) as temporary:
                save_hparams_to_yaml(temporary, self.hparams)
        self._has_hparams = True

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Closes the file."""
        if self._has_failed:  # said already; what is in memory cannot be written
            return
        with self._naming_the_file():
            super().finalize(status)

    @contextlib.contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            cause = os_error_behind(error)
            if cause is None or cause.errno not in FULL_DISK:
                raise
            self._has_failed = True
            if isinstance(error, WriteError):
                raise
            files = sorted(Path(self.log_dir).glob("events.out.tfevents.*"), key=os.path.getmtime)
            last = files[-1] if files else Path(self.log_dir) / "events.out.tfevents"
            raise explained(cause, last, temporary=last) from error
