r"""Trains and tests a model that puts punctuation and capitals into texts.

    python punctuation_capitalization_train_evaluate.py model.train_ds.ds_item=data/punctuation

Test only: do_training=false do_testing=true pretrained_model=punctuation.nemo.
Tar files: model.train_ds.use_tarred_dataset=true model.train_ds.tar_metadata_file=metadata.NAME.json.
"""

import logging

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp.models import PunctuationCapitalizationModel
from nemo.collections.nlp.models.punctuation_capitalization_config import PunctuationCapitalizationConfig
from nemo.core.config import hydra_runner
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import exp_manager

logger = logging.getLogger("nemo.examples")


@hydra_runner(config_path="conf", config_name="punctuation_capitalization_config")
def main(cfg: DictConfig) -> None:
    """Trains if `do_training`, tests if `do_testing`."""
    cfg = with_defaults(PunctuationCapitalizationConfig, cfg, "config", also=("hydra",))
    if not (cfg.do_training or cfg.do_testing):
        raise ConfigError("do_training and do_testing are both false. Expected at least one of them; set it to true.")
    logger.info("configuration:\n%s", OmegaConf.to_yaml(cfg))
    trainer = pl.Trainer(**cfg.trainer)
    exp_manager(trainer, cfg.get("exp_manager", None))
    if cfg.pretrained_model is None:
        model = PunctuationCapitalizationModel(cfg=cfg.model, trainer=trainer)
    else:
        model = load(cfg.pretrained_model)
        model.set_trainer(trainer)
        if cfg.do_training:
            model.setup_training_data(cfg.model.train_ds)
            model.setup_multiple_validation_data(cfg.model.validation_ds)
            model.setup_optimization(cfg.model.optim)
    if cfg.do_training:
        trainer.fit(model)
    if cfg.do_testing:
        model.setup_multiple_test_data(cfg.model.test_ds)
        trainer.test(model)


def load(name: str) -> PunctuationCapitalizationModel:
    """The model of a `.nemo` file, or a published one."""
    if name.endswith(".nemo"):
        return PunctuationCapitalizationModel.restore_from(name)
    return PunctuationCapitalizationModel.from_pretrained(name)


if __name__ == "__main__":
    main()
