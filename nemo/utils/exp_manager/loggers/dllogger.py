"""DLLogger's file: one line for each step, `DLLL` and a JSON object, as tools that compare runs read it.

Written here, without the package of that name: it is not on PyPI, and this is all that it does.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from nemo.utils.exp_manager.loggers.plain_values import plain_metrics, plain_values

if TYPE_CHECKING:
    from nemo.utils.exp_manager.directories import RunDirectories

PARAMETERS = "PARAMETER"
"""In the place of the step where hyper-parameters are meant."""


class DLLogger(Logger):
    """Writes metrics as lines of `DLLL {"timestamp": ..., "step": 5, "data": {"train_loss": 0.5}}`.

    Args:
        stdout: print the metrics as well.
        verbose: with `stdout`, print the hyper-parameters too.
        json_file: the file; lines are added to what it has.
    """

    def __init__(self, stdout: bool = False, verbose: bool = False, json_file: str = "./dllogger.json") -> None:
        super().__init__()
        self.json_file = Path(json_file)
        self.stdout = stdout
        self.verbose = verbose
        self._begin = time.monotonic()
        self._file: IO[str] | None = None

    @property
    @rank_zero_experiment
    def experiment(self) -> IO[str]:
        """The open file."""
        if self._file is None:
            self.json_file.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.json_file, "a", encoding="utf-8")  # noqa: SIM115 - open for the whole run
        return self._file

    @property
    def name(self) -> str:
        """Of this kind of logger."""
        return "dllogger"

    @property
    def version(self) -> str:
        """None is counted."""
        return ""

    @property
    def save_dir(self) -> str:
        """Folder of the file."""
        return str(self.json_file.parent)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Writes the hyper-parameters as one line."""
        self._write(PARAMETERS, plain_values(params), self.stdout and self.verbose)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Writes the metrics of a step as one line."""
        self._write(step if step is not None else [], plain_metrics(metrics), self.stdout)

    def _write(self, step: Any, data: Mapping[str, Any], prints: bool) -> None:
        now = datetime.now()
        line = {
            "timestamp": str(now.timestamp()),
            "elapsedtime": str(time.monotonic() - self._begin),
            "datetime": str(now),
            "type": "LOG",
            "step": step,
            "data": data,
        }
        self.experiment.write(f"DLLL {json.dumps(line)}\n")
        if prints:
            text = "  ".join(f"{name} : {value}" for name, value in data.items())
            sys.stdout.write(f"DLL {now:%Y-%m-%d %H:%M:%S.%f} - {step}  {text}\n")

    @rank_zero_only
    def save(self) -> None:
        """Hands the lines to the operating system."""
        if self._file is not None:
            self._file.flush()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Closes the file; a further line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}


def check(kwargs: Mapping[str, Any]) -> None:
    """Nothing can be wrong: there is no package to miss, and every argument has a default."""


def make(directories: RunDirectories, kwargs: dict[str, Any], experiment: str) -> DLLogger:
    """Makes the logger; a relative `json_file` is below the folder of the run."""
    return DLLogger(**{**kwargs, "json_file": str(directories.log_dir / kwargs["json_file"])})
