r"""Trains a transducer over characters.

    python speech_to_text_rnnt.py \
        --config-path=../conf/conformer --config-name=conformer_transducer_char \
        model.train_ds.manifest_filepath=train.json model.validation_ds.manifest_filepath=dev.json

Fine-tune a trained model: add +init_from_nemo_model=model.nemo (or +init_from_pretrained_model=NAME).
Test after training: add model.test_ds.manifest_filepath=test.json.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.asr.models import EncDecRNNTModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="../conf/conformer", config_name="conformer_transducer_char")
def main(cfg: DictConfig) -> None:
    """Trains, and tests if there is a test set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = EncDecRNNTModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("test_ds") and cfg.model.test_ds.manifest_filepath and model.prepare_test(trainer):
        trainer.test(model)


if __name__ == "__main__":
    main()
