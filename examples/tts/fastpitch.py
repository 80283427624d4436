r"""Trains a FastPitch: text to mel spectrograms in parallel.

First what it learns from beside audio and text, which says pitch_mean and pitch_std, too:

    python ../../scripts/dataset_processing/tts/extract_sup_data.py \
        --config-path=ljspeech/ds_conf --config-name=ds_for_fastpitch_align \
        manifest_filepath=train.json sup_data_path=features

then the model:

    python fastpitch.py train_dataset=train.json validation_datasets=dev.json sup_data_path=features \
        pitch_mean=212.36 pitch_std=68.53 trainer.devices=1

Other recipes: --config-name=fastpitch_align_ipa, fastpitch_align_44100; other languages are below conf/de, conf/es and
conf/zh: --config-path=conf/de. Several voices from several weighted sources, with energy: --config-path=conf/fastpitch
--config-name=fastpitch_22050.
Start from a trained model: fastpitch_finetune.py. Speak: text_to_speech.py.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models import FastPitchModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="fastpitch_align_v1.05")
def main(cfg: DictConfig) -> None:
    """Trains."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = FastPitchModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)


if __name__ == "__main__":
    main()
