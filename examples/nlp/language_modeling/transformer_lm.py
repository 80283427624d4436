r"""Trains a language model on text, one sentence a line.

    python transformer_lm.py \
        model.train_ds.file_name=train.txt model.validation_ds.file_name=valid.txt \
        model.tokenizer.tokenizer_model=tokenizer.model

Test after training: add model.test_ds.file_name=test.txt. get_wkt2.py makes the files from one text.
Fine-tune a trained model: add +init_from_nemo_model=model.nemo.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import TransformerLMModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="transformer_lm_config")
def main(cfg: DictConfig) -> None:
    """Trains, and tests if there is a test set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = TransformerLMModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("test_ds") and cfg.model.test_ds.file_name and model.prepare_test(trainer):
        trainer.test(model)


if __name__ == "__main__":
    main()
