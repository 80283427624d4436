r"""Pre-trains a BERT encoder: on plain text, or on examples that were prepared before.

    python bert_pretraining.py \
        model.train_ds.data_file=train.txt model.validation_ds.data_file=valid.txt \
        model.tokenizer.vocab_file=vocab.txt

Plain text has one sentence a line and empty lines between documents. Prepared examples (`.npz`):

    python bert_pretraining.py --config-name=bert_pretraining_from_preprocessed_config \
        model.train_ds.data_file=FOLDER

Other models start from the result by model.language_model.lm_checkpoint=bert.nemo.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import BERTLMModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="bert_pretraining_from_text_config")
def main(cfg: DictConfig) -> None:
    """Trains, and writes `model.nemo_path` if it is set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = BERTLMModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("nemo_path"):
        model.save_to(cfg.model.nemo_path)


if __name__ == "__main__":
    main()
