"""A model whose losses a test can spoil, and trainers for it."""

from __future__ import annotations

import json

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

from tests.core.tiny import TinyModel, tiny_config


class SpoiledModel(TinyModel):
    """TinyModel with momentum and weight decay; `spoil(loss, x, batch_idx)` changes the losses of an epoch."""

    spoil = staticmethod(lambda loss, x, index: loss)

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)["loss"]
        return {"loss": self.spoil(loss, batch[0], batch_idx)}

    def on_train_batch_start(self, batch, batch_idx):  # without super(): users' hooks do not switch the guards off
        self.before = snapshot(self)

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.changed = [*getattr(self, "changed", []), not same(self.before, snapshot(self))]


def snapshot(model):
    """Weights and everything that the optimizer keeps of them."""
    states = model.trainer.optimizers[0].state.values()
    kept = [value for state in states for value in state.values() if isinstance(value, torch.Tensor)]
    return [value.clone() for value in (*model.parameters(), *kept)]


def same(before, after):
    return len(before) == len(after) and all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


OPTIM = {"name": "sgd", "lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}


def model(spoil=None, **config):
    made = SpoiledModel(tiny_config(**{"optim": OPTIM, "train_ds": {}, **config}))
    if spoil is not None:
        made.spoil = spoil
    return made


def trainer(folder, **more):
    quiet = {"enable_progress_bar": False, "enable_model_summary": False}
    options = {"max_epochs": 1, "devices": 1, "logger": False, "enable_checkpointing": False, **quiet, **more}
    return pl.Trainer(accelerator="cpu", default_root_dir=folder, **options)


def loader(x, y=None, batch_size=4):
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True) if y is None else y), batch_size=batch_size)


def fitted(made, folder, data=None, **more):
    """The model after training, and its trainer."""
    t = trainer(folder, **more)
    t.fit(made, data)
    return made, t


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
