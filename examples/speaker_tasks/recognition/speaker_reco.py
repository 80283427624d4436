r"""Trains a speaker model, whose embeddings tell voices apart; manifests have "label" instead of "text".

    python speaker_reco.py \
        --config-path=conf --config-name=titanet-large \
        model.train_ds.manifest_filepath=train.json model.validation_ds.manifest_filepath=dev.json

Test after training: add model.test_ds.manifest_filepath=test.json.
Start from a trained model with other speakers: speaker_reco_finetune.py.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.asr.models import EncDecSpeakerLabelModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="titanet-large")
def main(cfg: DictConfig) -> None:
    """Trains, and tests if there is a test set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = EncDecSpeakerLabelModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("test_ds") and cfg.model.test_ds.manifest_filepath and model.prepare_test(trainer):
        trainer.test(model)


if __name__ == "__main__":
    main()
