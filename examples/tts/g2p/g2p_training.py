"""What the scripts of this folder share that train a model and measure it.

Keys beside `model`, `trainer` and `exp_manager`: `do_training`, `train_manifest`, `do_testing`, `test_manifest`,
and `pretrained_model`, a .nemo file or the name of a published model, which is measured or trained on.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.core.classes.model_pt import ModelPT
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


def train_and_evaluate(kind: type[ModelPT], cfg: DictConfig) -> None:
    """Trains a model of the class `kind`, and tests it, as the configuration says."""
    OmegaConf.resolve(cfg)
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    for task, manifest in (("do_training", "train_manifest"), ("do_testing", "test_manifest")):
        if cfg[task] and cfg[manifest] is None:
            raise ValueError(f"{task} is set, and {manifest} names no file. Give {manifest}=FILE.")
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = kind(cfg.model, trainer) if cfg.pretrained_model is None else pretrained(kind, cfg, trainer)
    if cfg.do_training:
        trainer.fit(model)
    if cfg.do_testing and model.prepare_test(trainer):
        trainer.test(model)


def pretrained(kind: type[ModelPT], cfg: DictConfig, trainer: pl.Trainer) -> ModelPT:
    """The model that was trained before, with the data of the configuration."""
    is_file = str(cfg.pretrained_model).endswith(".nemo")
    model = (kind.restore_from if is_file else kind.from_pretrained)(cfg.pretrained_model)
    model.set_trainer(trainer)
    if cfg.do_training:
        model.setup_training_data(cfg.model.train_ds)
        model.setup_multiple_validation_data(cfg.model.validation_ds)
        model.setup_optimization(cfg.model.optim)
    if cfg.do_testing:
        model.setup_multiple_test_data(cfg.model.test_ds)
    return model
