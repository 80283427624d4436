"""What bert_dpr.py and bert_joint_ir.py do, but for the model.

Files of passages and queries have id<TAB>text on each line; query_to_passages has the ids of a query, of its passage
and of others, with tabs between.
"""

import logging
from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


def train(model_class: Any, cfg: DictConfig) -> None:
    """Trains, and writes `model.nemo_path` if it is set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = model_class(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("nemo_path"):
        model.save_to(cfg.model.nemo_path)
