r"""Trains a WaveGlow: mel spectrograms and noise to audio.

    python waveglow.py train_dataset=train.json validation_datasets=dev.json trainer.devices=1

The spectrograms must be those of the synthesis model: n_fft, n_window_size, n_mel_channels, highfreq.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models import WaveGlowModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="waveglow")
def main(cfg: DictConfig) -> None:
    """Trains."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = WaveGlowModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)


if __name__ == "__main__":
    main()
