import pytest
from omegaconf import OmegaConf

from nemo.core.config.modelPT import ModelConfig, ModelConfigBuilder, SchedConfig
from nemo.core.config.optimizers import AdamParams, NovogradParams
from nemo.core.config.pytorch_lightning import TrainerConfig
from nemo.core.config.schedulers import CosineAnnealingParams


def test_builder_fills_a_copy_and_the_result_is_a_structured_config():
    start = ModelConfig()
    builder = ModelConfigBuilder(start)
    builder.set_optim(NovogradParams(lr=0.1), CosineAnnealingParams(warmup_steps=5))
    config = OmegaConf.structured(builder.build())
    assert start.optim is None
    assert (config.optim.name, config.optim.lr, config.optim.betas) == ("novograd", 0.1, [0.95, 0.98])
    assert (config.optim.sched.name, config.optim.sched.warmup_steps) == ("CosineAnnealing", 5)


def test_builder_sets_data_sets_and_an_optimizer_without_schedule():
    from nemo.core.classes.dataset import DatasetConfig

    builder = ModelConfigBuilder(ModelConfig())
    builder.set_train_ds(DatasetConfig(batch_size=3))
    builder.set_validation_ds(DatasetConfig(batch_size=4))
    builder.set_test_ds(None)
    builder.set_optim(AdamParams())
    config = builder.build()
    assert (config.train_ds.batch_size, config.validation_ds.batch_size, config.test_ds) == (3, 4, None)
    assert (config.optim.name, config.optim.lr, config.optim.sched) == ("adam", "???", None)


def test_builder_refuses_a_schedule_without_a_name():
    with pytest.raises(ValueError, match="SchedConfig"):
        ModelConfigBuilder(ModelConfig()).set_optim(AdamParams(), SchedConfig())


def test_nemo_config_has_the_original_s_trainer():
    from nemo.core.config.modelPT import NemoConfig

    config = NemoConfig(exp_manager=None)
    assert (config.name, config.model) == ("???", "???")
    assert config.trainer == TrainerConfig(strategy="ddp", logger=False, log_every_n_steps=1, accelerator="gpu")
    assert config.hydra.run == {"dir": "."}
