"""The sum of input and adapter, against its formulas."""

import pytest
import torch
from torch import nn

from nemo.core.adapters.strategies import ResidualAddAdapterStrategy, ResidualAddAdapterStrategyConfig
from nemo.core.classes.serialization import instantiate, plain_config
from nemo.utils.exceptions import ConfigError


class Registering(nn.Module):
    """A part of a network that takes tensors for the model."""

    def __init__(self):
        super().__init__()
        self.registered = []

    def register_accessible_tensor(self, name, tensor):
        self.registered.append((name, tensor))


X = torch.arange(24.0).reshape(2, 3, 4)


@pytest.fixture
def adapter():
    linear = nn.Linear(4, 4)
    nn.init.constant_(linear.weight, 0.5)
    nn.init.ones_(linear.bias)
    return linear


def test_input_plus_output(adapter):
    result = ResidualAddAdapterStrategy()(X, adapter, module=Registering())
    assert torch.equal(result, X + adapter(X))


def test_arguments_in_lists_and_dicts():
    strategy = ResidualAddAdapterStrategy()
    bilinear = nn.Bilinear(4, 4, 4)
    expected = bilinear(X, X)
    assert torch.equal(strategy.compute_output([X, X], bilinear, module=bilinear), expected)
    assert torch.equal(strategy.compute_output({"input1": X, "input2": X}, bilinear, module=bilinear), expected)


def test_stochastic_depth_drops_whole_batches_and_keeps_the_expectation(adapter):
    strategy, module = ResidualAddAdapterStrategy(stochastic_depth=0.25), Registering()
    scaled, dropped = X + adapter(X) / 0.75, 0
    for _ in range(2000):
        result = strategy(X, adapter, module=module)
        if torch.equal(result, X):
            dropped += 1
        else:
            assert torch.allclose(result, scaled)
    assert dropped / 2000 == pytest.approx(0.25, abs=0.04)  # four standard deviations


def test_stochastic_depth_ends_with_training(adapter):
    strategy = ResidualAddAdapterStrategy(stochastic_depth=1.0)
    assert torch.equal(strategy(X, adapter, module=Registering().eval()), X + adapter(X))
    assert torch.equal(strategy(X, adapter, module=Registering()), X)


def test_l2_loss_is_the_squared_distance_by_example(adapter):
    module = Registering()
    ResidualAddAdapterStrategy(l2_lambda=0.1)(X, adapter, module=module)
    ((name, loss),) = module.registered
    assert name == "adapter_loss"
    by_hand = sum((adapter(X)[example] ** 2).sum() for example in range(2)) / 2
    assert loss.item() == pytest.approx(0.1 * by_hand.item(), rel=1e-6)
    loss.backward()
    assert adapter.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("why", ["evaluation", "frozen", "no weight"])
def test_no_loss_when_nothing_is_trained(adapter, why):
    module = Registering()
    if why == "evaluation":
        module.eval()
    if why == "frozen":
        adapter.requires_grad_(False)
    strategy = ResidualAddAdapterStrategy(l2_lambda=0.0 if why == "no weight" else 0.1)
    strategy(X, adapter, module=module)
    assert module.registered == []


def test_a_part_without_registry_cannot_have_the_loss(adapter):
    with pytest.raises(ConfigError, match="l2_lambda is 0.1, but ReLU has no way"):
        ResidualAddAdapterStrategy(l2_lambda=0.1)(X, adapter, module=nn.ReLU())


@pytest.mark.parametrize("values", [{"stochastic_depth": -0.1}, {"stochastic_depth": 1.1}, {"l2_lambda": -1.0}])
def test_numbers_out_of_range(values):
    with pytest.raises(ConfigError, match=next(iter(values))):
        ResidualAddAdapterStrategy(**values)


def test_config_builds_it_and_has_the_recorded_defaults():
    built = instantiate(plain_config(ResidualAddAdapterStrategyConfig(stochastic_depth=0.5)))
    assert isinstance(built, ResidualAddAdapterStrategy)
    assert (built.stochastic_depth, built.l2_lambda) == (0.5, 0.0)
    assert vars(ResidualAddAdapterStrategyConfig()) == {
        "_target_": "nemo.core.classes.mixins.adapter_mixin_strategies.ResidualAddAdapterStrategy",
        "l2_lambda": 0.0,
        "stochastic_depth": 0.0,
    }  # recorded from release 1.23
