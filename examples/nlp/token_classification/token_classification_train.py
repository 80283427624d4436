r"""Trains a model that labels words; data_dir has text_train.txt, labels_train.txt, text_dev.txt and labels_dev.txt.

    python token_classification_train.py model.dataset.data_dir=data/ner

A small encoder from random weights instead of a published one:

    python token_classification_train.py model.dataset.data_dir=data/ner \
        model.tokenizer.vocab_file=vocab.txt \
        model.language_model.config='{vocab_size: 8000, hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 4,
        intermediate_size: 256, max_position_embeddings: 128}'

Fine-tune a trained model: add pretrained_model=model.nemo. Test after training: add the two files of the test set,
model.test_ds.text_file=text_test.txt model.test_ds.labels_file=labels_test.txt.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import TokenClassificationModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="token_classification_config")
def main(cfg: DictConfig) -> None:
    """Trains, and tests if there is a test set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    test_ds = cfg.model.test_ds if cfg.model.get("test_ds") and cfg.model.test_ds.text_file else None
    cfg.model.test_ds = test_ds
    if cfg.pretrained_model is None:
        model = TokenClassificationModel(cfg=cfg.model, trainer=trainer)
    else:
        model = load(cfg.pretrained_model)
        model.set_trainer(trainer)
        model.update_data_dir(cfg.model.dataset.data_dir)
        model.setup_training_data(cfg.model.train_ds)
        model.setup_multiple_validation_data(cfg.model.validation_ds)
        model.setup_optimization(cfg.model.optim)
        if test_ds is not None:
            model.setup_multiple_test_data(test_ds)
    trainer.fit(model)
    if test_ds is not None:
        trainer.test(model)


def load(name: str) -> TokenClassificationModel:
    """The model of a `.nemo` file, or a published one."""
    if name.endswith(".nemo"):
        return TokenClassificationModel.restore_from(name)
    return TokenClassificationModel.from_pretrained(name)


if __name__ == "__main__":
    main()
