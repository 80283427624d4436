"""The smallest model that trains, validates, saves and restores."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf
from torch.utils.data import DataLoader, TensorDataset

from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.pretrained import PretrainedModelInfo


class TinyModel(ModelPT):
    """y = w x on 16 numbers; a vocabulary file may belong to it."""

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg=cfg, trainer=trainer)
        self.encoder = torch.nn.Linear(4, self.cfg.get("width", 3))
        self.decoder = torch.nn.Linear(self.cfg.get("width", 3), 1)
        self.words: list[str] = []
        if self.cfg.get("vocabulary_file"):
            path = self.register_artifact("vocabulary_file", self.cfg.vocabulary_file)
            self.words = Path(path).read_text().split()

    def forward(self, x):
        return self.decoder(self.encoder(x))

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = torch.nn.functional.mse_loss(self(x), y)
        return {"loss": loss, "log": {"train_loss": loss.detach()}}

    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        x, y = batch
        result = {"val_loss": torch.nn.functional.mse_loss(self(x), y)}
        outputs = self.validation_step_outputs
        (outputs[dataloader_idx] if outputs and isinstance(outputs[0], list) else outputs).append(result)
        return result

    def test_step(self, batch, batch_idx, dataloader_idx=0):
        x, y = batch
        result = {"test_loss": torch.nn.functional.mse_loss(self(x), y)}
        outputs = self.test_step_outputs
        (outputs[dataloader_idx] if outputs and isinstance(outputs[0], list) else outputs).append(result)
        return result

    def multi_validation_epoch_end(self, outputs, dataloader_idx=0):
        loss = torch.stack([output["val_loss"] for output in outputs]).mean()
        return {"val_loss": loss, "log": {"val_loss": loss}}

    def multi_test_epoch_end(self, outputs, dataloader_idx=0):
        loss = torch.stack([output["test_loss"] for output in outputs]).mean()
        return {"test_loss": loss, "log": {"test_loss": loss}}

    def _loader(self, cfg):
        generator = torch.Generator().manual_seed(cfg.get("seed", 0))
        x = torch.randn(16, 4, generator=generator)
        y = x.sum(1, keepdim=True) * cfg.get("scale", 1.0)
        return DataLoader(TensorDataset(x, y), batch_size=cfg.get("batch_size", 4))

    def setup_training_data(self, train_data_config):
        self._train_dl = self._loader(train_data_config)

    def setup_validation_data(self, val_data_config):
        self._validation_dl = self._loader(val_data_config)

    def setup_test_data(self, test_data_config):
        self._test_dl = self._loader(test_data_config)

    @classmethod
    def list_available_models(cls):
        return [PretrainedModelInfo("tiny_en", "A tiny model.", "https://models.example.org/tiny/tiny_en.nemo")]


class WiderTinyModel(TinyModel):
    """A model derived from another."""


class OtherModel(TinyModel):
    """Beside WiderTinyModel, not above or below it."""

    @classmethod
    def list_available_models(cls):
        return []


def tiny_config(**more) -> DictConfig:
    """A `model` section for TinyModel."""
    return OmegaConf.create({"width": 3, "optim": {"name": "sgd", "lr": 0.1}, **more})
