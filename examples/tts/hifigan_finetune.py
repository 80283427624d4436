r"""Fine-tunes a trained HiFi-GAN on the spectrograms that a synthesis model predicts, which are blurred.

First the spectrograms, along the recordings' own timing:

    python ../../scripts/dataset_processing/tts/generate_mels.py --fastpitch-model-ckpt voice.nemo \
        --input-json-manifests train.json dev.json --output-json-manifest-root predicted --cpu

then the vocoder, a few thousand steps at a low rate:

    python hifigan_finetune.py model/train_ds=train_ds_finetune model/validation_ds=val_ds_finetune \
        train_dataset=predicted/train_mel.json validation_datasets=predicted/dev_mel.json \
        +init_from_nemo_model=vocoder.nemo model.optim.lr=0.00001 '~model.optim.sched' \
        trainer.max_steps=2000 trainer.check_val_every_n_epoch=10

Choose the generator of the trained model: model/generator=v1, v2 or v3.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models import HifiGanModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf/hifigan", config_name="hifigan")
def main(cfg: DictConfig) -> None:
    """Trains."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = HifiGanModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    trainer.fit(model)


if __name__ == "__main__":
    main()
