r"""Trains a CTC model over characters: QuartzNet, Jasper and the like.

    python speech_to_text_ctc.py \
        --config-path=../conf/quartznet --config-name=quartznet_15x5 \
        model.train_ds.manifest_filepath=train.json model.validation_ds.manifest_filepath=dev.json \
        trainer.devices=1 trainer.max_epochs=50

Fine-tune a trained model: add +init_from_nemo_model=model.nemo (or +init_from_pretrained_model=NAME).
Test after training: add model.test_ds.manifest_filepath=test.json.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.asr.models import EncDecCTCModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="../conf/quartznet", config_name="quartznet_15x5")
def main(cfg: DictConfig) -> None:
    """Trains, and tests if there is a test set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = EncDecCTCModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("test_ds") and cfg.model.test_ds.manifest_filepath and model.prepare_test(trainer):
        trainer.test(model)


if __name__ == "__main__":
    main()
