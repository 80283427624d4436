r"""Trains a model that finds the intent of each sentence, and the slots of its words.

    python intent_slot_classification.py model.data_dir=FOLDER trainer.max_epochs=20 model.nemo_path=assistant.nemo

The folder has dict.intents.csv, dict.slots.csv, and for each set <prefix>.tsv and <prefix>_slots.tsv; data/ has scripts
that make them of published sets.
From random weights, without a download: add --config-name=intent_slot_classification_from_scratch and what it needs.
Fine-tune a trained model: add +init_from_nemo_model=model.nemo.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import IntentSlotClassificationModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")

QUERIES = ("set alarm for seven thirty am", "lower volume by fifty percent", "what is my schedule for tomorrow")


@hydra_runner(config_path="conf", config_name="intent_slot_classification_config")
def main(cfg: DictConfig) -> None:
    """Trains, tests if there is a test set, saves, and tries some sentences."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = IntentSlotClassificationModel(cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("test_ds") and cfg.model.test_ds.prefix and model.prepare_test(trainer):
        trainer.test(model)
    if cfg.model.get("nemo_path"):
        model.save_to(cfg.model.nemo_path)
    for query, intent, slots in zip(QUERIES, *model.predict_from_examples(QUERIES), strict=True):
        logger.info("%s: %s, %s", query, intent, slots)


if __name__ == "__main__":
    main()
