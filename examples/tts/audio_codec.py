r"""Trains an audio codec: audio to a few indices for each frame, and back.

    python audio_codec.py --config-path=conf/audio_codec --config-name=audio_codec_16000 max_epochs=100 batch_size=16 \
        "train_ds_meta={voices: {manifest_path: train.json, audio_dir: audio}}" \
        "val_ds_meta={voices: {manifest_path: dev.json, audio_dir: audio}}"

Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models import AudioCodecModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf/audio_codec", config_name="audio_codec_16000")
def main(cfg: DictConfig) -> None:
    """Trains."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = AudioCodecModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)


if __name__ == "__main__":
    main()
