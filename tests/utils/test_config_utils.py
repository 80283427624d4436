from dataclasses import dataclass, field
from typing import Any

import pytest
from omegaconf import MISSING, OmegaConf

from nemo.utils.config_utils import assert_dataclass_signature_match, update_model_config
from nemo.utils.exceptions import ConfigError


@dataclass
class Optim:
    lr: float = 0.1
    momentum: float = 0.9


@dataclass
class Model:
    width: int = 4
    optim: Optim = field(default_factory=Optim)
    decoder: Any = MISSING


@dataclass
class Whole:
    name: str = "x"
    model: Model = field(default_factory=Model)


class Optimizer:
    def __init__(self, params, lr, momentum): ...


def test_defaults_are_filled_and_values_kept():
    config = update_model_config(Whole, OmegaConf.create({"model": {"width": 8, "extra": 1, "optim": {"lr": 0.5}}}))
    assert config.name == "x"
    assert config.model == {"width": 8, "extra": 1, "optim": {"lr": 0.5, "momentum": 0.9}}


def test_missing_sections_can_stay():
    config = update_model_config(Whole(), {}, drop_missing_subconfigs=False)
    assert OmegaConf.is_missing(config.model, "decoder")


def test_what_is_no_dataclass_is_refused():
    with pytest.raises(ConfigError, match="is no dataclass"):
        update_model_config(Optimizer, {})


def test_signature_and_dataclass_are_compared():
    assert assert_dataclass_signature_match(Optimizer, Optim, ignore_args=["params"]) == (True, None, None)
    assert assert_dataclass_signature_match(Optimizer, Optim, remap_args={"momentum": "beta"}) == (
        False,
        {"params", "momentum"},
        {"beta"},
    )
