r"""Trains a Tacotron 2: text to mel spectrograms with attention, one frame after the other.

    python tacotron2.py train_dataset=train.json validation_datasets=dev.json trainer.devices=1

At 44.1 kHz: --config-name=tacotron2_44100.
Start from another model: add +init_from_nemo_model=model.nemo, with model.optim.lr=0.0001 '~model.optim.sched'.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models import Tacotron2Model
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="tacotron2")
def main(cfg: DictConfig) -> None:
    """Trains."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = Tacotron2Model(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)


if __name__ == "__main__":
    main()
