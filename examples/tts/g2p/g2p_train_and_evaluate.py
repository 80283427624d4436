r"""Trains a model that turns spelling into phonemes, and measures it.

    python g2p_train_and_evaluate.py --config-name=g2p_conformer_ctc \
        train_manifest=train.json validation_manifest=validation.json test_manifest=test.json do_testing=true \
        model.tokenizer.dir=tokenizer/tokenizer_spe_bpe_v512
    python g2p_train_and_evaluate.py train_manifest=train.json validation_manifest=validation.json

The second line fine-tunes ByT5 (g2p_t5.yaml). Manifests out of a dictionary are made by
scripts/dataset_processing/g2p/make_dictionary_manifests.py.
Only measure a trained model: do_training=false do_testing=true pretrained_model=model.nemo test_manifest=test.json.
Look at the whole configuration without training: add --cfg job.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.models.ctc_g2p import CTCG2PModel
from nemo.collections.tts.models.t5_g2p import T5G2PModel
from nemo.core.classes.model_pt import ModelPT
from nemo.core.config import hydra_runner
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


def build(cfg: DictConfig, trainer: pl.Trainer) -> ModelPT:
    """The model of the configuration: trained before, or new."""
    for task, manifest in (("do_training", "train_manifest"), ("do_testing", "test_manifest")):
        if cfg[task] and cfg[manifest] is None:
            raise ValueError(f"{task} is set, and {manifest} names no file. Give {manifest}=FILE.")
    if cfg.pretrained_model is None:
        kind = CTCG2PModel if "conformer" in cfg.model.model_name else T5G2PModel
        return kind(cfg.model, trainer)
    if str(cfg.pretrained_model).endswith(".nemo"):
        model = ModelPT.restore_from(cfg.pretrained_model)
    else:
        model = CTCG2PModel.from_pretrained(cfg.pretrained_model)
    model.set_trainer(trainer)
    if cfg.do_training:
        model.setup_training_data(cfg.model.train_ds)
        model.setup_multiple_validation_data(cfg.model.validation_ds)
        model.setup_optimization(cfg.model.optim)
    if cfg.do_testing:
        model.setup_multiple_test_data(cfg.model.test_ds)
    return model


@hydra_runner(config_path="conf", config_name="g2p_t5")
def main(cfg: DictConfig) -> None:
    """Trains, tests."""
    OmegaConf.resolve(cfg)
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = build(cfg, trainer)
    if cfg.do_training:
        trainer.fit(model)
    if cfg.do_testing and model.prepare_test(trainer):
        trainer.test(model)


if __name__ == "__main__":
    main()
