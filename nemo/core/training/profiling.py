"""Profiles of a few training batches, for the one who wants to know where the time or the memory goes.

    nsys_profile    on a GPU, under NVIDIA's `nsys profile --capture-range=cudaProfilerApi`: opens and closes its
                    capture range; without a GPU nsys has nothing to record, and a torch_profile is made in its place
    memory_profile  on a GPU: a snapshot of every allocation, for pytorch.org/memory_viz; without one: a ConfigError
    torch_profile   anywhere: a trace of PyTorch's profiler, for chrome://tracing or ui.perfetto.dev

Batches are counted from 0 at the beginning of this run; both ends of the span are included.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer

from nemo.core.training.model_callback import ModelCallback
from nemo.core.training.run_folder import run_folder
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

FOLDER = "profiles"


@dataclass
class NsysProfileConfig:
    """`model.nsys_profile`; keys are the original's."""

    enabled: bool = False
    start_step: int = 0
    """First batch that is profiled."""
    end_step: int = 0
    """Last batch that is profiled."""
    ranks: list[int] = field(default_factory=lambda: [0])
    """Processes that are profiled."""
    gen_shape: bool = False
    """Note the shapes of all operands, too."""


@dataclass
class TorchProfileConfig(NsysProfileConfig):
    """`model.torch_profile`."""


@dataclass
class MemoryProfileConfig:
    """`model.memory_profile`; keys are the original's."""

    enabled: bool = False
    start_step: int = 0
    end_step: int = 0
    rank: int = 0
    """Process that is profiled."""
    output_path: str | None = None
    """Folder of the snapshot; null: `profiles` in the folder of the run."""


class _ProfiledSpan(ModelCallback):
    """Calls `start` before the first batch of a span and `stop` after its last."""

    key: str
    """Of the section in the config."""

    def __init__(self, config: Any, ranks: list[int]) -> None:
        if not 0 <= config.start_step <= config.end_step:
            raise ConfigError(
                f"model.{self.key} has start_step {config.start_step} and end_step {config.end_step}. Expected "
                "0 <= start_step <= end_step; change one of them."
            )
        self.config = config
        self._ranks = ranks
        self._batch = 0
        self._is_active = False
        self._folder = Path()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Asks where the run writes, which all processes have to do together."""
        self._folder = run_folder(trainer) / FOLDER
        self._batch = 0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Starts with the first batch of the span."""
        if self._batch == self.config.start_step and trainer.global_rank in self._ranks:
            self._is_active = True
            self.start()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stops with the last batch of the span."""
        if self._batch == self.config.end_step:
            self._stop(trainer)
        self._batch += 1

    def undo(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops, if the run ended within the span."""
        self._stop(trainer)

    def _stop(self, trainer: Trainer) -> None:
        if self._is_active:
            self._is_active = False
            self.stop(
                self._folder, f"{self.key}_batches_{self.config.start_step}-{self._batch}_rank_{trainer.global_rank}"
            )

    def start(self) -> None:
        """Override: begins to record."""
        raise NotImplementedError

    def stop(self, folder: Path, name: str) -> None:
        """Override: ends the record, and writes it to a file of this name, if it has one."""
        raise NotImplementedError


class TorchProfile(_ProfiledSpan):
    """A trace of PyTorch's own profiler.

    Args:
        config: a :class:`TorchProfileConfig`.
    """

    key = "torch_profile"

    def __init__(self, config: Any) -> None:
        super().__init__(config, list(config.ranks))
        self._profiler: torch.profiler.profile | None = None

    def start(self) -> None:
        """Begins to record."""
        activities = [torch.profiler.ProfilerActivity.CPU]
        if torch.cuda.is_available():
            activities.append(torch.profiler.ProfilerActivity.CUDA)
        self._profiler = torch.profiler.profile(activities=activities, record_shapes=self.config.gen_shape)
        self._profiler.start()

    def stop(self, folder: Path, name: str) -> None:
        """Writes the trace."""
        if self._profiler is None:
            return
        self._profiler.stop()
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / f"{name}.json") as temporary:
            self._profiler.export_chrome_trace(str(temporary))
        self._profiler = None
        logger.info("the trace of the profiler is in %s", folder / f"{name}.json")


class NsysProfile(_ProfiledSpan):
    """The capture range of `nsys`, or a :class:`TorchProfile` where there is no GPU.

    Args:
        config: a :class:`NsysProfileConfig`.
    """

    key = "nsys_profile"

    def __init__(self, config: Any) -> None:
        super().__init__(config, list(config.ranks))
        self._instead = None if torch.cuda.is_available() else TorchProfile(config)
        self._shapes: Any = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says what will be recorded."""
        super().on_fit_start(trainer, pl_module)
        if self._instead is not None:
            logger.warning(
                "model.nsys_profile: there is no GPU, which is what nsys records. A trace of PyTorch's profiler will "
                "be written to %s instead.",
                self._folder,
            )

    def start(self) -> None:
        """Opens the capture range."""
        if self._instead is not None:
            self._instead.start()
            return
        torch.cuda.cudart().cudaProfilerStart()
        if self.config.gen_shape:
            self._shapes = torch.autograd.profiler.emit_nvtx(record_shapes=True)
            self._shapes.__enter__()

    def stop(self, folder: Path, name: str) -> None:
        """Closes the capture range."""
        if self._instead is not None:
            self._instead.stop(folder, name)
            return
        if self._shapes is not None:
            self._shapes.__exit__(None, None, None)
        torch.cuda.cudart().cudaProfilerStop()


class MemoryProfile(_ProfiledSpan):
    """A snapshot of the allocations of a GPU.

    Args:
        config: a :class:`MemoryProfileConfig`.

    Raises:
        ConfigError: there is no GPU.
    """

    key = "memory_profile"

    def __init__(self, config: Any) -> None:
        super().__init__(config, [config.rank])
        if not torch.cuda.is_available():
            raise ConfigError(
                "model.memory_profile is enabled, but there is no GPU, whose memory it records. Set "
                "model.memory_profile.enabled to false; model.torch_profile works without one."
            )

    def start(self) -> None:
        """Begins to record."""
        torch.cuda.memory._record_memory_history()

    def stop(self, folder: Path, name: str) -> None:
        """Writes the snapshot."""
        folder = Path(self.config.output_path) if self.config.output_path else folder
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / f"{name}.pickle") as temporary:
            torch.cuda.memory._dump_snapshot(str(temporary))
        torch.cuda.memory._record_memory_history(enabled=None)
        logger.info("model.memory_profile: the snapshot is in %s", folder / f"{name}.pickle")
