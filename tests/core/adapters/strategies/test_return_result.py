"""The adapter's output alone."""

import pytest
import torch
from torch import nn

from nemo.core.adapters.strategies import (
    AbstractAdapterStrategy,
    ReturnResultAdapterStrategy,
    ReturnResultAdapterStrategyConfig,
)
from nemo.core.archive.targets import TargetPolicy
from nemo.core.classes.serialization import instantiate, plain_config


def test_only_the_output():
    x, adapter = torch.randn(2, 3), nn.Linear(3, 3)
    strategy = instantiate(plain_config(ReturnResultAdapterStrategyConfig()))
    assert isinstance(strategy, ReturnResultAdapterStrategy)
    assert torch.equal(strategy(x, adapter, module=adapter), adapter(x))


def test_the_base_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        AbstractAdapterStrategy()


def test_archives_may_name_strategies():
    assert TargetPolicy().resolve(ReturnResultAdapterStrategyConfig()._target_) is ReturnResultAdapterStrategy
