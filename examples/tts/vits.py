r"""Trains a VITS: text to audio in one network.

    python vits.py train_dataset=train.json validation_datasets=dev.json phoneme_dict_path=ipa.txt trainer.devices=1

At 44.1 kHz: --config-name=vits_44100. Several voices: add model.n_speakers=20 model.synthesizer.gin_channels=256
sup_data_types=[speaker_id], and give "speaker", a number, on each line of the manifests.
Start from another model: add +init_from_nemo_model=model.nemo.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models import VitsModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="vits")
def main(cfg: DictConfig) -> None:
    """Trains."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = VitsModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)


if __name__ == "__main__":
    main()
