r"""Trains a model that is trained already a little more, on other data: with its tokenizer or another.

    python speech_to_text_finetune.py init_from_nemo_model=model.nemo \
        model.train_ds.manifest_filepath=train.json model.validation_ds.manifest_filepath=dev.json

For another language, or words that the tokenizer cuts into many pieces, train a tokenizer on the new texts and add

    model.tokenizer.update_tokenizer=true model.tokenizer.dir=tokenizer model.tokenizer.type=bpe

The encoder keeps its weights, the decoder begins anew. Models over characters take
model.char_labels.update_labels=true model.char_labels.labels="[a, b, c]" instead.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.asr.models import ASRModel
from nemo.core.config import hydra_runner
from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


def trained_model(cfg: DictConfig, trainer: pl.Trainer) -> ASRModel:
    """The model that the configuration names."""
    path, name = cfg.init_from_nemo_model, cfg.init_from_pretrained_model
    if (path is None) == (name is None):
        raise ConfigError("Give one of init_from_nemo_model=FILE.nemo and init_from_pretrained_model=NAME.")
    model = ASRModel.restore_from(path) if path is not None else ASRModel.from_pretrained(name)
    model.set_trainer(trainer)
    return model


def change_outputs(model: ASRModel, cfg: DictConfig) -> None:
    """Gives the model other labels, or another tokenizer, if the configuration says so."""
    if cfg.char_labels.update_labels:
        if cfg.char_labels.labels is None:
            raise ConfigError("model.char_labels.labels is null, and update_labels true. Name the new characters.")
        model.change_vocabulary(new_vocabulary=list(cfg.char_labels.labels))
    elif cfg.tokenizer.update_tokenizer:
        if cfg.tokenizer.dir is None:
            raise ConfigError("model.tokenizer.dir is null, and update_tokenizer true. Name the tokenizer's folder.")
        model.change_vocabulary(new_tokenizer_dir=cfg.tokenizer.dir, new_tokenizer_type=cfg.tokenizer.type)


def prepare(model: ASRModel, cfg: DictConfig) -> None:
    """Gives the model the data, masks and optimizer of the configuration; what is not said stays as it was trained."""
    sections = {name: cfg[name] for name in ("train_ds", "validation_ds", "test_ds")}
    for name, section in sections.items():
        trained = model.cfg.get(name) or {}
        kept = {key: trained[key] for key in ("labels", "use_start_end_token") if key in trained}
        sections[name] = OmegaConf.merge(kept, OmegaConf.create(OmegaConf.to_container(section, resolve=True)))
    model.setup_training_data(sections["train_ds"])
    model.setup_multiple_validation_data(sections["validation_ds"])
    if sections["test_ds"].manifest_filepath is not None:
        model.setup_multiple_test_data(sections["test_ds"])
    if cfg.get("spec_augment") is not None:
        model.spec_augmentation = model.from_config_dict(cfg.spec_augment)
        OmegaConf.update(model.cfg, "spec_augment", cfg.spec_augment, force_add=True)
    model.setup_optimization(cfg.optim)


@hydra_runner(config_path="conf/asr_finetune", config_name="speech_to_text_finetune")
def main(cfg: DictConfig) -> None:
    """Fine-tunes, and tests if there is a test set."""
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    model = trained_model(cfg, trainer)
    change_outputs(model, cfg.model)
    prepare(model, cfg.model)
    trainer.fit(model)
    if cfg.model.test_ds.manifest_filepath is not None and model.prepare_test(trainer):
        trainer.test(model)


if __name__ == "__main__":
    main()
