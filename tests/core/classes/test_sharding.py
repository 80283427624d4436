"""Which strategies shard a model, and into which pieces; trainings are in tests/scale."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import FSDPStrategy, StrategyRegistry

from nemo.core.classes.sharding import FullyShardedStrategy, _large_blocks, shard_for_strategy
from nemo.utils.exceptions import ConfigError
from tests.core.tiny import TinyModel, tiny_config


class OnCPU(FSDPStrategy):
    """Lightning refuses its own without a GPU."""


def trainer_with(strategy):
    return pl.Trainer(accelerator="cpu", devices=1, strategy=strategy, logger=False, enable_checkpointing=False)


def test_the_strategy_has_a_name():
    assert StrategyRegistry.get("fsdp2").__class__ is FullyShardedStrategy
    assert isinstance(trainer_with("fsdp2").strategy, FullyShardedStrategy)


def test_the_first_fsdp_is_refused_before_training():
    model = TinyModel(tiny_config(), trainer_with(OnCPU()))
    with pytest.raises(ConfigError, match='strategy="fsdp2"'):
        shard_for_strategy(model)


def test_other_strategies_change_nothing():
    model = TinyModel(tiny_config(), trainer_with("auto"))
    before = {name: id(parameter) for name, parameter in model.named_parameters()}
    model.configure_model()
    assert {name: id(parameter) for name, parameter in model.named_parameters()} == before


def test_elements_of_lists_that_are_large_enough_are_blocks_of_their_own():
    layer, small = torch.nn.Linear(10, 10), torch.nn.Linear(2, 2)
    model = torch.nn.ModuleDict(
        {
            "encoder": torch.nn.ModuleList([layer, small, torch.nn.ModuleList([torch.nn.Linear(10, 10)])]),
            "sequence": torch.nn.Sequential(torch.nn.Linear(10, 10), torch.nn.ReLU()),
            "alone": torch.nn.Linear(10, 10),
        }
    )
    nested, first = model["encoder"][2][0], model["sequence"][0]
    assert _large_blocks(model, 100) == [layer, nested, first]
    assert _large_blocks(model, 1000) == []


def test_layers_that_are_split_need_a_plan(monkeypatch):
    class Mesh(dict):
        """Two processes hold the parts of a layer."""

    class Two:
        def size(self):
            return 2

    strategy = FullyShardedStrategy()
    strategy._device_mesh = Mesh(tensor_parallel=Two())
    model = TinyModel(tiny_config())
    model._trainer = type("OnlyAStrategy", (), {"strategy": strategy})()
    with pytest.raises(ConfigError, match="over 2 processes .*TinyModel does not say how. Override configure_model"):
        shard_for_strategy(model)
