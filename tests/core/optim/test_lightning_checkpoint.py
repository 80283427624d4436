"""Optimizers and schedules inside Lightning's checkpoints."""

import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from torch.utils.data import DataLoader, TensorDataset

from nemo.core.optim.lr_scheduler import prepare_lr_scheduler
from nemo.core.optim.optimizers import get_optimizer

CONFIG = OmegaConf.create(
    {"lr": 0.1, "betas": [0.9, 0.5], "sched": {"name": "CosineAnnealing", "warmup_ratio": 0.25, "max_steps": 8}}
)


class Regression(pl.LightningModule):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(3, 1)
        self.seen = []

    def training_step(self, batch, batch_idx):
        self.seen.append(self.optimizers().param_groups[0]["lr"])
        return self.layer(batch[0]).square().mean()

    def configure_optimizers(self):
        optimizer = get_optimizer("novograd", lr=CONFIG.lr, betas=CONFIG.betas)(self.parameters())
        return [optimizer], [prepare_lr_scheduler(optimizer, CONFIG.sched)]


def fit(steps, path=None):
    model = Regression()
    trainer = pl.Trainer(
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = DataLoader(TensorDataset(torch.ones(4, 3)), batch_size=1)
    trainer.fit(model, data, ckpt_path=path, weights_only=True if path else None)
    return model, trainer


def test_checkpoint_holds_plain_containers_and_resuming_continues_the_schedule(tmp_path):
    whole, _ = fit(8)
    first, trainer = fit(4)
    path = tmp_path / "half.ckpt"
    trainer.save_checkpoint(path)
    torch.load(path, weights_only=True)
    second, _ = fit(8, path)
    assert first.seen + second.seen == whole.seen
    assert torch.equal(second.layer.weight, whole.layer.weight)
