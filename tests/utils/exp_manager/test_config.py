import dataclasses
import json
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import config as config_module
from nemo.utils.exp_manager.config import merged_config

RECORDED = json.loads((Path(__file__).parents[2] / "data" / "traces" / "exp_manager_defaults.json").read_text())


@pytest.mark.parametrize("name", sorted({name for module in RECORDED.values() for name in module}))
def test_defaults_are_those_recorded(name):
    (recorded,) = [module[name] for module in RECORDED.values() if name in module]
    assert dataclasses.asdict(getattr(config_module, name)()) == recorded


def test_values_are_merged_and_interpolations_resolved():
    whole = OmegaConf.create({"name": "run", "exp_manager": {"name": "${name}", "ema": {"decay": 0.5}}})
    merged = merged_config(whole.exp_manager)
    assert merged.name == "run"
    assert merged.ema.decay == 0.5
    assert merged.checkpoint_callback_params.save_top_k == 3


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"resume_if_exist": True}, "exp_manager.resume_if_exist is unknown; did you mean resume_if_exists?"),
        (
            {"checkpoint_callback_params": {"save_topk": 1}},
            "exp_manager.checkpoint_callback_params.save_topk is unknown; did you mean save_top_k?",
        ),
        ({"early_stopping_callback_params": {"patience": "long"}}, "early_stopping_callback_params.patience"),
    ],
)
def test_faults_name_the_key(config, message):
    with pytest.raises(ConfigError) as caught:
        merged_config(config)
    assert message in str(caught.value)


def test_an_unknown_key_is_also_the_error_of_omegaconf():
    with pytest.raises(OmegaConfBaseException):
        merged_config({"unused": 1})


def test_free_sections_take_any_key():
    assert merged_config({"summary_writer_kwargs": {"flush_secs": 3}}).summary_writer_kwargs.flush_secs == 3
