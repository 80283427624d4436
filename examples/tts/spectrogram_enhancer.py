r"""Trains a spectrogram enhancer: it adds the details that predicted mel spectrograms lack.

    python spectrogram_enhancer.py train_dataset=pairs.json validation_datasets=dev_pairs.json trainer.devices=1

Each line of a manifest names two spectrograms [D, F] of a recording: mel_filepath, predicted with the recording's own
durations, and mel_gt_filepath, that of the recording itself. Set model.spectrogram_min_value and spectrogram_max_value
to the lowest and highest values there are. Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models import SpectrogramEnhancerModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="spectrogram-enhancer")
def main(cfg: DictConfig) -> None:
    """Trains."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = SpectrogramEnhancerModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)


if __name__ == "__main__":
    main()
