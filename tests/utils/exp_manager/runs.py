"""Small runs under the experiment manager."""

import pytorch_lightning as pl
import torch

from nemo.utils.exp_manager import exp_manager
from tests.core.tiny import TinyModel, tiny_config

VALIDATION_LOSSES = (0.0837, 0.0154)


def quiet_trainer(**more):
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "num_sanity_val_steps": 0}
    own = {"logger": False, "enable_checkpointing": False, "log_every_n_steps": 1, "max_epochs": 2, "devices": 1}
    return pl.Trainer(accelerator="cpu", **{**quiet, **own, **more})


class ScriptedModel(TinyModel):
    """Four training steps an epoch; the validation losses are given."""

    losses = VALIDATION_LOSSES

    def multi_validation_epoch_end(self, outputs, dataloader_idx=0):
        loss = torch.tensor(self.losses[min(self.current_epoch, len(self.losses) - 1)])
        return {"val_loss": loss, "log": {"val_loss": loss}}


def scripted_model(losses=VALIDATION_LOSSES, **config):
    model = ScriptedModel(tiny_config(train_ds={"seed": 1}, validation_ds={"seed": 2}, **config))
    model.losses = losses
    return model


def run(config, losses=VALIDATION_LOSSES, **trainer_arguments):
    """Trains; returns the trainer, the model and the folder."""
    trainer = quiet_trainer(**trainer_arguments)
    folder = exp_manager(trainer, config)
    model = scripted_model(losses)
    trainer.fit(model)
    return trainer, model, folder


def names(folder, pattern="*.ckpt"):
    return sorted(path.name for path in folder.rglob(pattern))
