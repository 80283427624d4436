r"""Trains a model that tells which reading a heteronym has in its sentence, and measures it.

    python g2p_heteronym_classification_train_and_evaluate.py \
        train_manifest=train.json validation_manifest=dev.json wordids=wordids.tsv \
        test_manifest=test.json do_testing=true

Each line of a manifest has text_graphemes (the sentence), start_end, homograph_span and word_id.
Only measure a trained model: do_training=false do_testing=true pretrained_model=model.nemo test_manifest=test.json.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models.heteronym_classification import HeteronymClassificationModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


def build(cfg: DictConfig, trainer: pl.Trainer) -> HeteronymClassificationModel:
    """The model of the configuration: trained before, or new."""
    for task, manifest in (("do_training", "train_manifest"), ("do_testing", "test_manifest")):
        if cfg[task] and cfg[manifest] is None:
            raise ValueError(f"{task} is set, and {manifest} names no file. Give {manifest}=FILE.")
    if cfg.pretrained_model is None:
        return HeteronymClassificationModel(cfg.model, trainer)
    kind = HeteronymClassificationModel
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


@hydra_runner(config_path="conf", config_name="g2p_heteronym_classification")
def main(cfg: DictConfig) -> None:
    """Trains, tests."""
    OmegaConf.resolve(cfg)
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = build(cfg, trainer)
    if cfg.do_training:
        trainer.fit(model)
    if cfg.do_testing and model.prepare_test(trainer):
        trainer.test(model)


if __name__ == "__main__":
    main()
