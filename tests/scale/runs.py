"""What the processes of these tests do: they train one of two tiny models and give back numbers."""

from __future__ import annotations

import math
import os
import time
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
import yaml
from omegaconf import OmegaConf
from pytorch_lightning.strategies import DDPStrategy
from torch.utils.data import Dataset

from nemo.collections.asr.models.ctc import EncDecCTCModel
from nemo.collections.common.data.manifest import write_manifest
from nemo.collections.common.data.resumable_loader import make_loader
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.sharding import FullyShardedStrategy, shard_model
from nemo.utils.exp_manager import exp_manager
from nemo.utils.whole_weights import is_sharded, whole_state_dict

REPOSITORY = Path(__file__).resolve().parents[2]
RATE = 8000


# ------------------------------------------------------------------------------------------------------------- models


class Numbered(Dataset):
    """Sample i is (i, x_i, y_i); y is no linear function of x."""

    def __init__(
        self,
        samples: int,
        fails_at: int | None = None,
        hangs_at: int | None = None,
        not_finite_at: int | None = None,
    ) -> None:
        generator = torch.Generator().manual_seed(0)
        self.x = torch.randn(samples, 6, generator=generator)
        self.y = self.x.sum(1, keepdim=True).sin()
        self.fails_at, self.hangs_at = fails_at, hangs_at
        if not_finite_at is not None:
            self.x[not_finite_at] = torch.nan

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[int, torch.Tensor, torch.Tensor]:
        if int(index) == self.fails_at:
            raise OSError(f"sample {int(index)} cannot be read")
        if int(index) == self.hangs_at:
            time.sleep(600)
        return int(index), self.x[index], self.y[index]


class Regression(ModelPT):
    """Two layers and a normalisation, on numbered samples."""

    def __init__(self, cfg: Any, trainer: pl.Trainer | None = None) -> None:
        super().__init__(cfg, trainer)
        self.layers = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.LayerNorm(16), torch.nn.GELU())
        self.scale = torch.nn.Parameter(torch.ones(16))
        self.output = torch.nn.Linear(16, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.output(self.layers(x) * self.scale)

    def training_step(self, batch: Any, batch_idx: int) -> dict[str, Any]:
        numbers, x, y = batch
        loss = torch.nn.functional.mse_loss(self(x), y)
        return {"loss": loss, "log": {"train_loss": loss.detach()}}

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        _, x, y = batch
        outputs = self.validation_step_outputs
        outputs = outputs[dataloader_idx] if outputs and isinstance(outputs[0], list) else outputs
        outputs.append({"val_loss": torch.nn.functional.mse_loss(self(x), y), "samples": torch.tensor(len(x))})

    def multi_validation_epoch_end(self, outputs: list[Any], dataloader_idx: int = 0) -> dict[str, Any]:
        loss = torch.stack([output["val_loss"] for output in outputs]).mean()
        samples = torch.stack([output["samples"] for output in outputs]).sum().float()
        return {"val_loss": loss, "log": {"val_loss": loss, "samples": samples}}

    def _loader(self, section: Any, **how: Any) -> Any:
        faults = {name: section.get(name) for name in ("fails_at", "hangs_at", "not_finite_at")}
        data = Numbered(section.samples, **faults)
        return make_loader(data, batch_size=section.batch_size, num_workers=section.get("num_workers", 0), **how)

    def setup_training_data(self, train_data_config: Any) -> None:
        drop_last = bool(train_data_config.get("drop_last"))
        self._train_dl = self._loader(train_data_config, shuffle=True, seed=1, drop_last=drop_last)

    def setup_validation_data(self, val_data_config: Any) -> None:
        self._validation_dl = self._loader(val_data_config, shuffle=False, evaluation=True)

    @classmethod
    def list_available_models(cls) -> list[Any]:
        return []


class InBlocks(Regression):
    """Each part of a list is sharded by itself, though it is small."""

    def configure_model(self) -> None:
        if not is_sharded(self):
            shard_model(self, self.device_mesh["data_parallel"], large_block=32)


class SteadyCTC(EncDecCTCModel):
    """The CTC model with its batch normalisation as in evaluation: otherwise its statistics are those of a process."""

    def train(self, mode: bool = True) -> SteadyCTC:
        super().train(mode)
        for module in self.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self


def regression(batch_size: int, in_blocks: bool = False, **data: Any) -> Regression:
    """The model, with 24 samples to train on and two uneven validation sets."""
    torch.manual_seed(3)
    optim = {"name": "adamw", "lr": 0.02, "weight_decay": 0.01, "sched": {"name": "CosineAnnealing", "max_steps": 100}}
    sets = [{"name": "large", "samples": 21, "batch_size": 4}, {"name": "small", "samples": 3, "batch_size": 4}]
    config = {
        "train_ds": {"samples": 24, "batch_size": batch_size, **data},
        "validation_ds": {"ds_item": sets},
        "optim": optim,
    }
    return (InBlocks if in_blocks else Regression)(OmegaConf.create(config))


def demo_model(batch_size: int, folder: str, full_size: bool = False, steady: bool = True) -> EncDecCTCModel:
    """The demo's recipe without chance: no dither, dropout, masks or speeds.

    Args:
        batch_size: recordings of a batch in each process.
        folder: of the manifests.
        full_size: all blocks, as wide as they are; otherwise three narrow ones.
        steady: batch normalisation as in evaluation.
    """
    torch.manual_seed(3)
    recipe = REPOSITORY / "examples/asr/conf/demo/ctc_small_8khz.yaml"
    config = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    config["dropout"] = 0.0
    model = config["model"]
    if not full_size:
        model["encoder"]["jasper"] = [{**block, "filters": 16} for block in model["encoder"]["jasper"][:3]]
        model["decoder"]["feat_in"] = 16
    model["preprocessor"]["dither"] = 0.0
    model["spec_augment"] = None
    model["log_prediction"] = False
    model["train_ds"].update(
        manifest_filepath=f"{folder}/train.json", batch_size=batch_size, augmentor=None, return_sample_id=True
    )
    model["train_ds"]["num_workers"] = 0
    both = [f"{folder}/large.json", f"{folder}/small.json"]
    model["validation_ds"].update(manifest_filepath=both, batch_size=2, num_workers=0)
    model.pop("test_ds")
    model["optim"]["sched"] = {"name": "CosineAnnealing", "warmup_steps": 1, "max_steps": 50}
    kind = SteadyCTC if steady else EncDecCTCModel
    return kind(cfg=OmegaConf.create(config).model).train()  # Lightning leaves each module in the mode that it has


def write_tones(folder: Path) -> None:
    """Manifests train, large and small: recordings, of one length to train on; each tone with its letter."""
    generator = np.random.default_rng(0)
    for name, count in (("train", 12), ("large", 5), ("small", 1)):
        entries = []
        for number in range(count):
            # the features of a recording's end depend on whether silence is appended to it
            seconds = 0.6 if name == "train" else 0.4 + 0.1 * (number % 5)
            times = np.arange(int(seconds * RATE)) / RATE
            text = "abcd"[number % 4] + " " + "dcba"[number % 3]
            signal = sum(np.sin(2 * math.pi * 200 * (ord(c) - 90) * times) for c in text if c != " ")
            signal = 0.2 * signal + 0.05 * generator.standard_normal(len(times))
            path = folder / f"{name}{number}.wav"
            with wave.open(str(path), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes((signal.clip(-1, 1) * 32000).astype("<i2").tobytes())
            entries.append({"audio_filepath": str(path), "duration": seconds, "text": text})
        write_manifest(folder / f"{name}.json", entries)


MODELS = {"regression": regression, "demo": demo_model}


# ---------------------------------------------------------------------------------------------------------- trainings


class PowerCut(Exception):
    """The end of a process that is told to stop."""


class Recorder(pl.Callback):
    """Losses and samples of each step in this process, and the metrics of each validation."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.losses: list[float] = []
        self.samples: list[list[int]] = []
        self.validations: list[dict[str, float]] = []
        self.stop_at = stop_at

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if self.stop_at is not None and trainer.global_step == self.stop_at:
            raise PowerCut

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.losses.append(float(outputs["loss"]) * trainer.accumulate_grad_batches)
        numbers = batch[0] if isinstance(pl_module, Regression) else batch[4]
        self.samples.append(numbers.tolist())

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.sanity_checking:
            metrics = trainer.callback_metrics
            self.validations.append({name: float(metrics[name]) for name in metrics if not name.startswith("train")})


def train(
    model: str,
    model_arguments: dict[str, Any],
    stop_at: int | None = None,
    experiment: dict[str, Any] | None = None,
    archive: str | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Trains and returns what was recorded, with the weights at the end.

    Args:
        model: which of the two.
        model_arguments: of the function that builds it.
        stop_at: the step before which all processes end.
        experiment: an `exp_manager` section.
        archive: where the model is saved at the end.
        **options: of the trainer.
    """
    recorder = Recorder(stop_at)
    if "timeout_seconds" in options:
        options["strategy"] = DDPStrategy(timeout=timedelta(seconds=options.pop("timeout_seconds")))
    if "strategy_arguments" in options:
        options["strategy"] = FullyShardedStrategy(**options.pop("strategy_arguments"))
    trainer = make_trainer([recorder], **options)
    if experiment is not None:
        exp_manager(trainer, experiment)
    built = MODELS[model](**model_arguments)
    recorded = {"losses": recorder.losses, "samples": recorder.samples, "validations": recorder.validations}
    try:
        trainer.fit(built)
    except PowerCut:
        return recorded
    if archive is not None:
        built.save_to(archive)
    return {**recorded, "weights": numbers_of(whole_state_dict(built))}


def make_trainer(callbacks: list[Any], **options: Any) -> pl.Trainer:
    """A quiet trainer on the CPU, of as many processes as the launcher has started."""
    processes = int(os.environ.get("WORLD_SIZE", 1))
    own = {"max_epochs": 2, "strategy": "ddp" if processes > 1 else "auto", "logger": False}
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    return pl.Trainer(
        accelerator="cpu",
        callbacks=callbacks,
        **{"devices": processes, **own, **quiet, "num_sanity_val_steps": 1, **options},
    )


def numbers_of(state_dict: dict[str, torch.Tensor]) -> dict[str, list[float]]:
    """Name -> numbers of each floating-point tensor."""
    return {name: value.flatten().tolist() for name, value in state_dict.items() if value.is_floating_point()}


def manage(experiment: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Only calls the experiment manager; the clock of each process would give a folder of its own."""
    from nemo.utils import logging as nemo_logging
    from nemo.utils.app_state import AppState
    from nemo.utils.exp_manager import directories

    directories._new_version = lambda *arguments: f"version of process {AppState().global_rank}"
    trainer = make_trainer([], **options)
    folder = exp_manager(trainer, {"create_tensorboard_logger": False, **experiment})
    nemo_logging.info("process %d writes", trainer.global_rank)
    return {
        "folder": str(folder),
        "rank": trainer.global_rank,
        "local_rank": trainer.local_rank,
        "world_size": trainer.world_size,
        "connected": torch.distributed.is_initialized(),
    }
