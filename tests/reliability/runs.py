"""A run whose every loss and final weight is known to the bit, for processes that are killed, stopped and resumed."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import resource
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from nemo.utils.exceptions import WriteError
from nemo.utils.exp_manager import ExactResume, exp_manager
from tests.core.tiny import TinyModel, tiny_config
from tests.reliability.moments import Moment, Moments
from tests.utils.exp_manager.runs import quiet_trainer

KINDS: dict[str, dict[str, Any]] = {
    "epochs": {},
    "steps": {"params": {"every_n_train_steps": 2, "monitor": None, "save_top_k": 1}},
    "workers": {"workers": 2},
    "archives": {"params": {"always_save_nemo": True}},
    "inside epochs": {"trainer": {"val_check_interval": 2}},
    "accumulated": {"trainer": {"accumulate_grad_batches": 2}},
    "averaged": {"manager": {"ema": {"enable": True, "decay": 0.9}}},
    "two processes": {"trainer": {"strategy": "ddp", "devices": 2}},
}
"""Kinds of runs: what differs from three epochs of five steps, each followed by a validation and a checkpoint."""

SLURM = {
    "SLURM_NTASKS": "1",
    "SLURM_JOB_ID": "4711",
    "SLURM_JOB_NAME": "train",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0",
    "SLURM_NODELIST": "localhost",
}


def train(folder: str, kind: str, moment: Moment | None = None, act: str = "") -> None:
    """One process's part of a run; what happened is in files of `folder`.

    Args:
        folder: of the run.
        kind: one of KINDS.
        moment: when something happens to this process.
        act: what: `SIGKILL`, another signal, two of them with a space between, `group SIGINT` as of a terminal, or
            `full disk`.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    os.setsid()
    output = os.open(place / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    torch.set_num_threads(1)
    multiprocessing.set_start_method("fork", force=True)  # for workers; that of this process is another
    moments = Moments(moment, lambda: do(act))
    moments.watch_files()
    _seed()
    options = KINDS[kind]
    trainer = quiet_trainer(max_epochs=3, **{"num_sanity_val_steps": 1, **options.get("trainer", {})})
    exp_manager(
        trainer,
        {
            "explicit_log_dir": str(place / "run"),
            "create_tensorboard_logger": False,
            "resume_if_exists": True,
            "resume_ignore_no_checkpoint": True,
            "checkpoint_callback_params": options.get("params", {}),
            **options.get("manager", {}),
        },
    )
    optim = {"name": "adam", "lr": 0.01, "sched": {"name": "CosineAnnealing", "warmup_steps": 2, "max_steps": 40}}
    train_ds = {"num_workers": options.get("workers", 0)}
    model = RecordedModel(tiny_config(train_ds=train_ds, validation_ds={"seed": 2}, optim=optim), trainer)
    model.folder, model.moments = place, moments
    (place / "began").touch()
    try:
        trainer.fit(model)
    except WriteError as error:
        (place / "error.txt").write_text(f"{type(error).__name__}: {error}")
        raise
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode() + value.numpy().tobytes())
    (place / "weights.sha256").write_text(digest.hexdigest())


def train_without_states(folder: str, kind: str) -> None:
    """The same, but what makes a resumed run exact is not there."""
    ExactResume.on_load_checkpoint = lambda *_: None  # type: ignore[method-assign]
    train(folder, kind)


def train_on_slurm(folder: str, kind: str, moment: Moment, act: str) -> None:
    """The same in a SLURM job, whose `scontrol` writes its arguments to a file."""
    programs = Path(folder) / "bin"
    programs.mkdir(parents=True)
    (programs / "scontrol").write_text(f'#!/bin/sh\necho "$@" >> "{folder}/scontrol.txt"\n')
    (programs / "scontrol").chmod(0o755)
    os.environ.update(SLURM, PATH=f"{programs}:{os.environ['PATH']}")
    train(folder, kind, moment, act)


def train_as_rank(folder: str, rank: int, port: int, moment: Moment | None = None, act: str = "") -> None:
    """The same as one of two processes that torchrun has started."""
    own = {"RANK": rank, "LOCAL_RANK": rank, "GROUP_RANK": 0, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
    all_have = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "tests"}
    os.environ.update({name: str(value) for name, value in (own | all_have).items()})
    train(folder, "two processes", moment, act)


def do(act: str) -> None:
    """What is done to this process, by itself."""
    if act == "full disk":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8000, resource.RLIM_INFINITY))
        return
    for word in act.removeprefix("group ").split():
        number = signal.Signals[word]
        (os.killpg if act.startswith("group ") else os.kill)(os.getpid(), number)
        time.sleep(0)  # lets Python run the handler


class NoisyNumbers(Dataset):
    """Twenty items, augmented at random by three generators."""

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        noise = torch.randn(4) + random.random() + np.random.rand()
        return (float(index) + 0.1 * noise) / 20, torch.tensor([index / 20])


class WriteOwnPid:
    """Makes a file whose name is the number of the worker's process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, worker: int) -> None:
        (self.folder / f"worker-{os.getpid()}").touch()


class RecordedModel(TinyModel):
    """Dropout, augmented data, Adam with a schedule; each loss is in `losses.txt`, also if a step is done again."""

    folder: Path
    moments: Moments

    def __init__(self, cfg: Any, trainer: Any = None) -> None:
        super().__init__(cfg, trainer)
        self.dropout = torch.nn.Dropout(0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.dropout(self.encoder(x)))

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        self.moments.at("step")
        loss = super().training_step(batch, batch_idx)["loss"]
        self._record("train", self.trainer.fit_loop.total_batch_idx, loss)
        return loss

    def on_after_backward(self) -> None:
        self.moments.at("backward")

    def on_before_zero_grad(self, optimizer: Any) -> None:
        self.moments.at("stepped")

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        self.moments.at("sanity" if self.trainer.sanity_checking else "validation")
        return super().validation_step(batch, batch_idx, dataloader_idx)

    def multi_validation_epoch_end(self, outputs: Any, dataloader_idx: int = 0) -> Any:
        result = super().multi_validation_epoch_end(outputs, dataloader_idx)
        if not self.trainer.sanity_checking:
            self._record("validation", self.trainer.global_step, result["val_loss"])
        return result

    def on_fit_start(self) -> None:
        super().on_fit_start()
        self.moments.at("setup")

    def setup_training_data(self, train_data_config: Any) -> None:
        self._train_dl = None

    def train_dataloader(self) -> Any:
        start = WriteOwnPid(self.folder)
        workers = self.cfg.train_ds.num_workers
        return DataLoader(NoisyNumbers(), batch_size=4, shuffle=True, num_workers=workers, worker_init_fn=start)

    def _record(self, kind: str, step: int, loss: torch.Tensor) -> None:
        line = json.dumps([kind, step, float(loss).hex()]) + "\n"
        handle = os.open(self.folder / "losses.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(handle, line.encode())
        os.close(handle)


def _seed() -> None:
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
