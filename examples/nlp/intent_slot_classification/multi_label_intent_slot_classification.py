r"""Trains a model that finds any number of intents of each sentence, and the slots of its words.

    python multi_label_intent_slot_classification.py model.data_dir=FOLDER model.nemo_path=assistant.nemo

In <prefix>.tsv, intents have commas between them: `sentence<TAB>1,4`. After training, the threshold from which on a
sentence has an intent is set to the one with the highest F1 on the validation set.
"""

import logging
import os

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import MultiLabelIntentSlotClassificationModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="multi_label_intent_slot_classification_config")
def main(cfg: DictConfig) -> None:
    """Trains, sets the threshold, tests if there is a test set, and saves."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = MultiLabelIntentSlotClassificationModel(cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    validation = cfg.model.validation_ds
    model.optimize_threshold(validation, os.path.join(cfg.model.data_dir, f"{validation.prefix}.tsv"))
    if cfg.model.get("test_ds") and cfg.model.test_ds.prefix and model.prepare_test(trainer):
        trainer.test(model)
    if cfg.model.get("nemo_path"):
        model.save_to(cfg.model.nemo_path)


if __name__ == "__main__":
    main()
