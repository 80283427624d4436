"""A step of a tiny model under Lightning and the experiment manager against the same step in a bare loop.

Twice: a step that is nearly nothing, for the milliseconds that are added to it; and one of twenty milliseconds, for
their share.
"""

from __future__ import annotations

import functools
import logging
import tempfile
import time
import warnings
from dataclasses import dataclass

import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.measure import Timing, emit, emit_ratio
from nemo.core.classes.model_pt import ModelPT
from nemo.utils import logging as nemo_logging
from nemo.utils.exp_manager import exp_manager

REPETITIONS = 9
BATCH = 16
WIDTH = 512
LIMIT_MS = 0.5
STEP_SECONDS = 0.02
LIMIT_SHARE = 1.05
ORIGINAL_MS = 0.933
"""Release 1.23 on a machine of the same kind."""


@dataclass(frozen=True)
class Work:
    """How much a run computes."""

    steps: int
    products: int
    """Products of matrices in the forward pass of a step, beside two small layers."""


class TinyModel(ModelPT):
    """Two linear layers, and between them as many normalised products with one matrix as make a step long enough."""

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg=cfg, trainer=trainer)
        width = WIDTH if self.cfg.products else 64
        self.into, self.out = torch.nn.Linear(32, width), torch.nn.Linear(width, 1)
        if self.cfg.products:
            self.weight = torch.nn.Parameter(torch.nn.init.orthogonal_(torch.empty(width, width)))

    def forward(self, x):
        """[B, 32] -> [B, 1]."""
        hidden = torch.relu(self.into(x))
        for _ in range(self.cfg.products):  # normalised: numbers that grow or vanish would make some steps slower
            hidden = torch.nn.functional.layer_norm(hidden @ self.weight, (WIDTH,))
        return self.out(hidden)

    def training_step(self, batch, batch_idx):
        """Logs at each step, as users' models do."""
        x, y = batch
        loss = torch.nn.functional.mse_loss(self(x), y)
        self.log("train_loss", loss)
        return loss

    def setup_training_data(self, train_data_config):
        """Random numbers."""
        generator = torch.Generator().manual_seed(0)
        samples = BATCH * train_data_config.steps
        x = torch.randn(samples, 32, generator=generator)
        y = torch.randn(samples, 1, generator=generator)
        self._train_dl = DataLoader(TensorDataset(x, y), batch_size=BATCH)

    @classmethod
    def list_available_models(cls):
        """None."""
        return []


def tiny_model(work: Work, trainer: pl.Trainer | None = None) -> TinyModel:
    """The model with its optimizer and schedule."""
    schedule = {"name": "CosineAnnealing", "warmup_steps": 10, "min_lr": 1e-6, "max_steps": work.steps}
    optimizer = {"name": "adamw", "lr": 1e-3, "weight_decay": 0.0, "sched": schedule}
    config = {"train_ds": {"steps": work.steps}, "products": work.products, "optim": optimizer}
    return TinyModel(OmegaConf.create(config), trainer)


def managed_run(work: Work, folder: str) -> tuple[pl.Trainer, TinyModel]:
    """Trainer, experiment manager with TensorBoard and step timing, no checkpoints."""
    trainer = pl.Trainer(
        max_steps=work.steps,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=10,
        num_sanity_val_steps=0,
    )
    exp_manager(trainer, {"exp_dir": folder, "name": "benchmark", "create_checkpoint_callback": False})
    return trainer, tiny_model(work, trainer)


def bare(work: Work) -> None:
    """The same steps with nothing around them."""
    model = tiny_model(work)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, work.steps)
    for x, y in model.train_dataloader():
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        schedule.step()


def products_for(seconds: float) -> int:
    """How many products make a step of this length on this machine."""
    work = Work(steps=10, products=20)
    bare(work)
    started = time.perf_counter()
    bare(work)
    return max(1, round(work.products * seconds / ((time.perf_counter() - started) / work.steps)))


def timed(work: Work, repetitions: int = REPETITIONS) -> tuple[Timing, Timing]:
    """Training by the trainer, and the bare loop, in turns."""
    managed, plain = Timing(), Timing()
    for repetition in range(repetitions + 1):
        if repetition == 1:  # the first was for warming up
            managed, plain = Timing(), Timing()
        with tempfile.TemporaryDirectory() as folder:
            trainer, model = managed_run(work, folder)
            managed.add(functools.partial(trainer.fit, model))
            nemo_logging.remove_file_handlers()
        plain.add(functools.partial(bare, work))
    return managed, plain


def main() -> None:
    """Prints the milliseconds a step that `trainer.fit` adds to the bare loop, and their share of a longer step."""
    warnings.filterwarnings("ignore")
    nemo_logging.setLevel("ERROR")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    work = Work(steps=300, products=0)
    managed, plain = timed(work)
    emit(
        "lightning_step_overhead",
        1e3 * (managed.median - plain.median) / work.steps,
        unit="ms per step over the bare loop",
        limit=LIMIT_MS,
        reference=1e3 * plain.median / work.steps,
        timing=managed,
        ratio=managed.median / plain.median,
        cpu_overhead_ms=1e3 * (managed.cpu - plain.cpu) / work.steps,
        original_ms=ORIGINAL_MS,
    )
    work = Work(steps=300, products=products_for(STEP_SECONDS))
    managed, plain = timed(work, repetitions=3)
    emit_ratio("lightning_step_of_20_ms", managed, plain, limit=LIMIT_SHARE, step_ms=1e3 * plain.median / work.steps)


if __name__ == "__main__":
    main()
