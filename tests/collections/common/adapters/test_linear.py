"""The linear adapter: it starts as nothing, has the original's names, and computes what its layers say."""

import dataclasses

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from nemo.collections.common.adapters import AdapterModuleUtil, LinearAdapter, LinearAdapterConfig
from nemo.core.adapters.strategies import (
    ResidualAddAdapterStrategy,
    ResidualAddAdapterStrategyConfig,
    ReturnResultAdapterStrategy,
)
from nemo.core.classes.serialization import instantiate, plain_config
from nemo.utils.exceptions import ConfigError

X = torch.randn(2, 5, 6)


@pytest.mark.parametrize("norm_position", ["pre", "post"])
@pytest.mark.parametrize("activation", ["swish", "relu", "hardtanh"])
def test_it_starts_as_nothing(norm_position, activation):
    adapter = LinearAdapter(6, 3, activation=activation, norm_position=norm_position)
    assert torch.equal(adapter(X), torch.zeros_like(X))
    assert torch.equal(adapter.adapter_strategy(X, adapter, module=adapter), X)


@pytest.mark.parametrize(
    ("norm_position", "shapes"),
    [
        ("pre", {"module.0.weight": (6,), "module.0.bias": (6,), "module.1.weight": (3, 6), "module.3.weight": (6, 3)}),
        (
            "post",
            {"module.0.weight": (3, 6), "module.2.weight": (6, 3), "module.3.weight": (6,), "module.3.bias": (6,)},
        ),
    ],
)
def test_names_are_those_of_archives(norm_position, shapes):
    state = LinearAdapter(6, 3, norm_position=norm_position).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == shapes


def test_pre_norm_by_hand():
    adapter = LinearAdapter(6, 3)
    down, up = torch.randn(3, 6), torch.randn(6, 3)
    adapter.load_state_dict(
        {
            "module.0.weight": torch.ones(6),
            "module.0.bias": torch.zeros(6),
            "module.1.weight": down,
            "module.3.weight": up,
        }
    )
    normed = (X - X.mean(-1, keepdim=True)) / (X.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    hidden = normed @ down.T
    expected = (hidden * torch.sigmoid(hidden)) @ up.T
    assert torch.allclose(adapter(X), expected, atol=1e-5)


def test_post_norm_by_hand():
    adapter = LinearAdapter(6, 3, activation="relu", norm_position="post")
    down, up, scale, shift = torch.randn(3, 6), torch.randn(6, 3), torch.randn(6), torch.randn(6)
    adapter.load_state_dict(
        {"module.0.weight": down, "module.2.weight": up, "module.3.weight": scale, "module.3.bias": shift}
    )
    raw = (X @ down.T).clamp(min=0) @ up.T
    normed = (raw - raw.mean(-1, keepdim=True)) / (raw.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(adapter(X), normed * scale + shift, atol=1e-4)


def test_dropout_is_of_the_output():
    adapter = LinearAdapter(6, 3, norm_position="post", dropout=0.5)
    nn.init.ones_(adapter.module[-1].bias)
    assert set(adapter(torch.randn(100, 6)).unique().tolist()) == {0.0, 2.0}
    assert set(adapter.eval()(X).unique().tolist()) == {1.0}
    assert LinearAdapter(6, 3).dropout is None


@pytest.mark.parametrize("strategy", [None, ReturnResultAdapterStrategy(), {"stochastic_depth": 0.5}, "dataclass"])
def test_strategies(strategy):
    if isinstance(strategy, dict):
        strategy = {**vars(ResidualAddAdapterStrategyConfig()), **strategy}
    if strategy == "dataclass":
        strategy = ResidualAddAdapterStrategyConfig(l2_lambda=0.5)
    built = LinearAdapter(6, 3, adapter_strategy=strategy).adapter_strategy
    if strategy is None:
        assert (built.stochastic_depth, built.l2_lambda) == (0.0, 0.0)
    elif isinstance(strategy, ReturnResultAdapterStrategy):
        assert built is strategy
    else:
        assert isinstance(built, ResidualAddAdapterStrategy)
        assert built.stochastic_depth + built.l2_lambda == 0.5


def test_config_has_the_recorded_defaults_and_builds_it():
    assert dataclasses.asdict(LinearAdapterConfig()) == {
        "_target_": "nemo.collections.common.parts.adapter_modules.LinearAdapter",
        "activation": "swish",
        "adapter_strategy": {
            "_target_": "nemo.core.classes.mixins.adapter_mixin_strategies.ResidualAddAdapterStrategy",
            "l2_lambda": 0.0,
            "stochastic_depth": 0.0,
        },
        "dim": "???",
        "dropout": 0.0,
        "in_features": "???",
        "norm_position": "pre",
    }  # recorded from release 1.23
    built = instantiate(plain_config(OmegaConf.structured(LinearAdapterConfig(in_features=6, dim=3))))
    assert isinstance(built, LinearAdapter)


@pytest.mark.parametrize("wrong", [{"norm_position": "both"}, {"activation": "no_such"}])
def test_values_that_are_not_possible(wrong):
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))} of an adapter is"):
        LinearAdapter(6, 3, **wrong)


def test_unfreezing_makes_every_weight_train():
    adapter = LinearAdapter(6, 3)
    adapter.requires_grad_(False)
    adapter.adapter_unfreeze()
    assert all(weight.requires_grad for weight in adapter.parameters())
    assert isinstance(adapter, AdapterModuleUtil)
