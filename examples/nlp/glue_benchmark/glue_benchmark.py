r"""Trains a model for one task of GLUE.

    python glue_benchmark.py model.task_name=mrpc model.dataset.data_dir=MRPC trainer.max_epochs=3
    python glue_benchmark.py model.task_name=mnli model.dataset.data_dir=MNLI \
        'model.validation_ds.ds_item=[dev_matched.tsv,dev_mismatched.tsv]'

The files are those that GLUE publishes. Scores after each epoch: cola Matthews correlation; sts-b Pearson and Spearman
correlation; mrpc and qqp accuracy and F1; the others accuracy.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import GLUEModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="glue_benchmark_config")
def main(cfg: DictConfig) -> None:
    """Trains and saves."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = GLUEModel(cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)
    if cfg.model.get("nemo_path"):
        model.save_to(cfg.model.nemo_path)


if __name__ == "__main__":
    main()
