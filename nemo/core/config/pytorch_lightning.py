"""Configuration of the Lightning trainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class TrainerConfig:
    """Arguments of :class:`pytorch_lightning.Trainer`; `Trainer(**cfg.trainer)` takes them all.

    See https://lightning.ai/docs/pytorch/stable/common/trainer.html for what each does.
    """

    logger: Any = True
    callbacks: Any | None = None
    default_root_dir: str | None = None
    gradient_clip_val: float = 0
    num_nodes: int = 1
    enable_progress_bar: bool = True
    overfit_batches: Any = 0.0
    check_val_every_n_epoch: int = 1
    fast_dev_run: bool = False
    accumulate_grad_batches: Any = 1
    max_epochs: int = 1000
    min_epochs: int = 1
    max_steps: int | None = -1
    min_steps: int | None = None
    limit_train_batches: Any = 1.0
    limit_val_batches: Any = 1.0
    limit_test_batches: Any = 1.0
    val_check_interval: Any = 1.0
    log_every_n_steps: int = 50
    accelerator: str | None = "auto"
    sync_batchnorm: bool = False
    precision: Any = 32
    num_sanity_val_steps: int = 2
    profiler: Any | None = None
    benchmark: bool = False
    deterministic: bool = False
    use_distributed_sampler: bool = True
    detect_anomaly: bool = False
    plugins: Any | None = None
    limit_predict_batches: float = 1.0
    gradient_clip_algorithm: str = "norm"
    max_time: Any | None = None
    reload_dataloaders_every_n_epochs: int = 0
    devices: Any = "auto"
    strategy: Any = "auto"
    enable_checkpointing: bool = False
    enable_model_summary: bool = True
    inference_mode: bool = True
    barebones: bool = False
