r"""Trains a translation model, a transformer encoder and decoder.

    python enc_dec_nmt.py \
        model.train_ds.src_file_name=train.en model.train_ds.tgt_file_name=train.de \
        model.validation_ds.src_file_name=dev.en model.validation_ds.tgt_file_name=dev.de \
        model.encoder_tokenizer.vocab_size=32000 model.decoder_tokenizer.vocab_size=32000 \
        model.preproc_out_dir=prepared model.src_language=en model.tgt_language=de

Tokenizers that are not named (tokenizer_model) are trained on the texts. Lines are taken as they are; translate()
normalises sentences and sets marks apart, so the texts should be such, or add model.train_ds.prepare=true.

Large texts: add model.train_ds.use_tarred_dataset=true, or write tar files with create_tarred_parallel_dataset.py.
Fine-tune a trained model: enc_dec_nmt_finetune.py.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.data.translation_preprocessing import MTDataPreproc
from nemo.collections.nlp.models import MTEncDecModel
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="aayn_base")
def main(cfg: DictConfig) -> None:
    """Prepares the texts, trains, and tests if there is a test set."""
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    MTDataPreproc(cfg.model, trainer)
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    model = MTEncDecModel(cfg=cfg.model, trainer=trainer)
    model.maybe_init_from_pretrained_checkpoint(cfg)
    if cfg.do_training:
        trainer.fit(model)
    if cfg.do_testing and cfg.model.get("test_ds") and model.prepare_test(trainer):
        trainer.test(model)


if __name__ == "__main__":
    main()
