r"""Trains a model that gives each text one of several classes.

    python text_classification_with_bert.py \
        model.dataset.num_classes=7 model.train_ds.file_path=train.tsv model.validation_ds.file_path=dev.tsv \
        trainer.max_epochs=5 model.nemo_path=intents.nemo

Each line of a file is a text, a tab and the number of its class.
From random weights, without a download: add --config-name=text_classification_from_scratch and what it needs.
Fine-tune a trained model: add +init_from_nemo_model=model.nemo.
Test after training: add model.test_ds.file_path=test.tsv.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import TextClassificationModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="text_classification_config")
def main(cfg: DictConfig) -> None:
    """Trains, tests if there is a test set, saves, and classifies the samples."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = TextClassificationModel(cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("test_ds") and cfg.model.test_ds.file_path and model.prepare_test(trainer):
        trainer.test(model)
    if cfg.model.get("nemo_path"):
        model.save_to(cfg.model.nemo_path)
    samples = list(cfg.model.get("infer_samples") or [])
    for text, label in zip(samples, model.classifytext(samples, batch_size=16), strict=True):
        logger.info("%s: %s", model.labels[label] if model.labels else label, text)


if __name__ == "__main__":
    main()
