r"""Trains a trained translation model a little more, on other texts of its languages.

    python enc_dec_nmt_finetune.py model_path=en_de.nemo \
        model.train_ds.src_file_name=train.en model.train_ds.tgt_file_name=train.de \
        model.validation_ds.src_file_name=dev.en model.validation_ds.tgt_file_name=dev.de

Tokenizers and sizes stay. What the configuration says of beam search, label smoothing, data and optimizer holds.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf, open_dict

from nemo.collections.nlp.models import MTEncDecModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="aayn_finetune")
def main(cfg: DictConfig) -> None:
    """Restores, trains, and tests if there is a test set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    trained = MTEncDecModel.restore_from(cfg.model_path, return_config=True)
    with open_dict(trained):
        given = OmegaConf.to_container(cfg.model, resolve=True)
        trained.update({key: value for key, value in given.items() if value is not None})
    model = MTEncDecModel.restore_from(cfg.model_path, override_config_path=trained, trainer=trainer)
    model.setup_training_data(model.cfg.train_ds)
    model.setup_multiple_validation_data(model.cfg.validation_ds)
    if cfg.do_training:
        trainer.fit(model)
    if cfg.do_testing:
        model.setup_multiple_test_data(model.cfg.test_ds)
        if model.prepare_test(trainer):
            trainer.test(model)


if __name__ == "__main__":
    main()
