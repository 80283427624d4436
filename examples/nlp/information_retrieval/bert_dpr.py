r"""Trains the retrieval of passages: two encoders, so that passages can be encoded beforehand.

    python bert_dpr.py \
        model.train_ds.passages=collection.tsv model.train_ds.queries=queries.tsv \
        model.train_ds.query_to_passages=query2passages.tsv \
        model.validation_ds.passages=dev_collection.tsv model.validation_ds.queries=dev_queries.tsv \
        model.validation_ds.query_to_passages=dev_query2passages.tsv

Files of passages and queries have id<TAB>text on each line; query_to_passages has the ids of a query, of its passage
and of others, with tabs between.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import BertDPRModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="bert_ir_config")
def main(cfg: DictConfig) -> None:
    """Trains, and writes `model.nemo_path` if it is set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = BertDPRModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("nemo_path"):
        model.save_to(cfg.model.nemo_path)


if __name__ == "__main__":
    main()
