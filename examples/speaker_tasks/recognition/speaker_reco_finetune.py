r"""Trains a speaker model that is trained already a little more, on other speakers: only the last layer begins anew.

    python speaker_reco_finetune.py init_from_nemo_model=titanet.nemo \
        model.train_ds.manifest_filepath=train.json model.validation_ds.manifest_filepath=dev.json

A published model instead of a file: init_from_pretrained_model=titanet_large.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.asr.models import EncDecSpeakerLabelModel
from nemo.collections.common.data.manifest import read_manifest
from nemo.core.config import hydra_runner
from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


def trained_model(cfg: DictConfig, trainer: pl.Trainer) -> EncDecSpeakerLabelModel:
    """The model that the configuration names."""
    path, name = cfg.init_from_nemo_model, cfg.init_from_pretrained_model
    if (path is None) == (name is None):
        raise ConfigError("Give one of init_from_nemo_model=FILE.nemo and init_from_pretrained_model=NAME.")
    kind = EncDecSpeakerLabelModel
    model = kind.restore_from(path) if path is not None else kind.from_pretrained(name)
    model.set_trainer(trainer)
    return model


def prepare(model: EncDecSpeakerLabelModel, cfg: DictConfig) -> None:
    """Gives the model the speakers, data and optimizer of the configuration."""
    model.change_labels(sorted({str(entry.label) for entry in read_manifest(cfg.train_ds.manifest_filepath)}))
    sections = {
        name: OmegaConf.create({**OmegaConf.to_container(cfg[name], resolve=True), "labels": model.labels})
        for name in ("train_ds", "validation_ds", "test_ds")
    }
    model.setup_training_data(sections["train_ds"])
    model.setup_multiple_validation_data(sections["validation_ds"])
    if sections["test_ds"].manifest_filepath is not None:
        model.setup_multiple_test_data(sections["test_ds"])
    model.setup_optimization(cfg.optim)


@hydra_runner(config_path="conf", config_name="titanet-finetune")
def main(cfg: DictConfig) -> None:
    """Fine-tunes, and tests if there is a test set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = trained_model(cfg, trainer)
    prepare(model, cfg.model)
    trainer.fit(model)
    if cfg.model.test_ds.manifest_filepath is not None and model.prepare_test(trainer):
        trainer.test(model)


if __name__ == "__main__":
    main()
