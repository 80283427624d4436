r"""Trains an encoder that puts names of one concept close together (SapBERT; Liu et al., 2021).

    python self_alignment_pretraining.py \
        model.train_ds.data_file=train_pairs.tsv model.validation_ds.data_file=dev_pairs.tsv

Each line is concept id<TAB>name<TAB>name, or concept id<TAB>name.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import EntityLinkingModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="umls_medical_entity_linking_config")
def main(cfg: DictConfig) -> None:
    """Trains, and writes `model.nemo_path` if it is set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = EntityLinkingModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("nemo_path"):
        model.save_to(cfg.model.nemo_path)


if __name__ == "__main__":
    main()
