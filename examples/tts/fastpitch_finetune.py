r"""Fine-tunes a trained FastPitch on other recordings: another voice, or more of the same.

    python fastpitch_finetune.py +init_from_nemo_model=voice.nemo \
        train_dataset=train.json validation_datasets=dev.json sup_data_path=features pitch_mean=152.3 pitch_std=64.0 \
        model.optim.lr=0.0002 '~model.optim.sched' trainer.max_steps=1000 trainer.check_val_every_n_epoch=25

pitch_mean and pitch_std are those of the new voice. Sizes and tokenizer must be those of the trained model; take the
recipe that it was trained with (--config-name). A published model: +init_from_pretrained_model=tts_en_fastpitch.

A model of several voices becomes one of a single new voice by itself: model.n_speakers=1. For other voices, whose
vectors begin anew, with a recipe that has sup_data_types=[align_prior_matrix,pitch,speaker_id] and model.n_speakers=3:

    '+init_from_nemo_model={source: {path: voices.nemo, exclude: [speaker_emb]}}'

So little data is forgotten soon: mix recordings of the old voices into train.json, and keep the rate low.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models import FastPitchModel
from nemo.core.config import hydra_runner
from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")

SOURCES = ("init_from_nemo_model", "init_from_pretrained_model", "init_from_ptl_ckpt")
RATES = (1e-5, 1e-3)
"""Between these a trained model learns without forgetting."""


def check(cfg: DictConfig) -> None:
    """Says what is unusual for fine-tuning.

    Raises:
        ConfigError: there is no model to start from.
    """
    if all(cfg.get(key) is None for key in SOURCES):
        raise ConfigError("There is no trained model to start from. Give +init_from_nemo_model=FILE.nemo.")
    if cfg.model.optim.get("sched") is not None:
        logger.warning("A schedule begins with a high rate, which makes the model forget. Add '~model.optim.sched'.")
    if not RATES[0] <= cfg.model.optim.lr <= RATES[1]:
        logger.warning("model.optim.lr is %g; for fine-tuning %g to %g are usual.", cfg.model.optim.lr, *RATES)


@hydra_runner(config_path="conf", config_name="fastpitch_align_v1.05")
def main(cfg: DictConfig) -> None:
    """Fine-tunes."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    check(cfg)
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = FastPitchModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)


if __name__ == "__main__":
    main()
