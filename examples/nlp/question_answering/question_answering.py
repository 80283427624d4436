r"""Trains a model that finds the answers to questions in texts, or tests a trained one.

    python get_squad.py --destDir=data
    python question_answering.py model.train_ds.file=data/squad/v2.0/train-v2.0.json \
        model.validation_ds.file=data/squad/v2.0/dev-v2.0.json model.nemo_path=qa.nemo

SQuAD 1.1, where every question has an answer: add model.dataset.version_2_with_negative=false.
Begin with a trained model: add pretrained_model=qa.nemo.
Only test: add pretrained_model=qa.nemo do_training=false model.test_ds.file=dev-v2.0.json.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import BERTQAModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="qa_conf")
def main(cfg: DictConfig) -> None:
    """Trains and saves if asked to, and tests if there is a test set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = BERTQAModel(cfg.model, trainer=trainer) if not cfg.get("pretrained_model") else trained_model(cfg, trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    if cfg.do_training:
        trainer.fit(model)
        if cfg.model.get("nemo_path"):
            model.save_to(cfg.model.nemo_path)
    if cfg.model.get("test_ds") and cfg.model.test_ds.file and model.prepare_test(trainer):
        trainer.test(model)


def trained_model(cfg: DictConfig, trainer: pl.Trainer) -> BERTQAModel:
    """The model that `pretrained_model` names, with the data of this configuration."""
    name = str(cfg.pretrained_model)
    restore = BERTQAModel.restore_from if name.endswith(".nemo") else BERTQAModel.from_pretrained
    model = restore(name, trainer=trainer)
    model.cfg.dataset = cfg.model.dataset
    model.cfg.optim = cfg.model.optim
    for section, setup in (
        ("train_ds", model.setup_training_data),
        ("validation_ds", model.setup_multiple_validation_data),
        ("test_ds", model.setup_multiple_test_data),
    ):
        if cfg.model.get(section) is not None and cfg.model[section].file:
            setup(cfg.model[section])
            model.cfg[section] = cfg.model[section]
    return model


if __name__ == "__main__":
    main()
