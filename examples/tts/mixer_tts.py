r"""Trains a Mixer-TTS: text to mel spectrograms in parallel, by a small network without attention.

First what it learns from beside audio and text, which says pitch_mean and pitch_std, too:

    python ../../scripts/dataset_processing/tts/extract_sup_data.py \
        --config-path=ljspeech/ds_conf --config-name=ds_for_fastpitch_align \
        manifest_filepath=train.json sup_data_path=features

then the model:

    python mixer_tts.py train_dataset=train.json validation_datasets=dev.json sup_data_path=features \
        pitch_mean=212.36 pitch_std=68.53 trainer.devices=1

Mixer-TTS-X, which hears the token embeddings of a language model too: --config-name=mixer-tts-x
Speak: text_to_speech.py.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models import MixerTTSModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="mixer-tts")
def main(cfg: DictConfig) -> None:
    """Trains."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = MixerTTSModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)


if __name__ == "__main__":
    main()
