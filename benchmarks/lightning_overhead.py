"""A step of a tiny model under Lightning and the experiment manager against the same step in a bare loop."""

from __future__ import annotations

import functools
import logging
import tempfile
import warnings

import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.measure import Timing, emit
from nemo.core.classes.model_pt import ModelPT
from nemo.utils import logging as nemo_logging
from nemo.utils.exp_manager import exp_manager

STEPS = 300
REPETITIONS = 9
BATCH = 16
LIMIT_MS = 0.5
ORIGINAL_MS = 0.933
"""Release 1.23 on a machine of the same kind."""


class TinyModel(ModelPT):
    """Two linear layers."""

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg=cfg, trainer=trainer)
        self.net = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))

    def forward(self, x):
        """[B, 32] -> [B, 1]."""
        return self.net(x)

    def training_step(self, batch, batch_idx):
        """Logs at each step, as users' models do."""
        x, y = batch
        loss = torch.nn.functional.mse_loss(self(x), y)
        self.log("train_loss", loss)
        return loss

    def setup_training_data(self, train_data_config):
        """Random numbers for 300 steps."""
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(BATCH * STEPS, 32, generator=generator)
        y = torch.randn(BATCH * STEPS, 1, generator=generator)
        self._train_dl = DataLoader(TensorDataset(x, y), batch_size=BATCH)

    @classmethod
    def list_available_models(cls):
        """None."""
        return []


SCHEDULE = {"name": "CosineAnnealing", "warmup_steps": 10, "min_lr": 1e-6, "max_steps": STEPS}
OPTIMIZER = {"name": "adamw", "lr": 1e-3, "weight_decay": 0.0, "sched": SCHEDULE}


def managed_run(folder: str) -> tuple[pl.Trainer, TinyModel]:
    """Trainer, experiment manager with TensorBoard and step timing, no checkpoints."""
    trainer = pl.Trainer(
        max_steps=STEPS,
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
    return trainer, TinyModel(OmegaConf.create({"train_ds": {"x": 1}, "optim": OPTIMIZER}), trainer)


def bare() -> None:
    """The same steps with nothing around them."""
    model = TinyModel(OmegaConf.create({"train_ds": {"x": 1}}))
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for x, y in model.train_dataloader():
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        schedule.step()


def main() -> None:
    """Prints the milliseconds a step that `trainer.fit` takes beyond the bare loop."""
    warnings.filterwarnings("ignore")
    nemo_logging.setLevel("ERROR")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    managed, plain = Timing(), Timing()
    for repetition in range(REPETITIONS + 1):
        if repetition == 1:  # the first was for warming up
            managed, plain = Timing(), Timing()
        with tempfile.TemporaryDirectory() as folder:
            trainer, model = managed_run(folder)
            managed.add(functools.partial(trainer.fit, model))
            nemo_logging.remove_file_handlers()
        plain.add(bare)
    emit(
        "lightning_step_overhead",
        1e3 * (managed.median - plain.median) / STEPS,
        unit="ms per step over the bare loop",
        limit=LIMIT_MS,
        reference=1e3 * plain.median / STEPS,
        timing=managed,
        ratio=managed.median / plain.median,
        cpu_overhead_ms=1e3 * (managed.cpu - plain.cpu) / STEPS,
        original_ms=ORIGINAL_MS,
    )


if __name__ == "__main__":
    main()
