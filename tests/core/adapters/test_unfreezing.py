"""What trains and what does not, when adapters are trained."""

import copy
import pickle

import pytest
import torch
from torch import nn

from tests.core.adapters.networks import WIDTH, AdaptableModel, Encoder, section

X = torch.rand(8, WIDTH)


def trainable(network):
    return {name for name, weight in network.named_parameters() if weight.requires_grad}


def norms(network):
    return [part for part in network.modules() if isinstance(part, nn.BatchNorm1d)]


@pytest.fixture
def model():
    model = AdaptableModel(cfg={})
    model.add_adapter("encoder:a", section())
    model.add_adapter("decoder:b", section(enabled=False))
    model.freeze()
    return model


def test_only_weights_of_enabled_adapters_train(model):
    model.unfreeze_enabled_adapters()
    assert trainable(model) == {f"encoder.blocks.{index}.adapter_layer.a.scale" for index in (0, 1)}
    assert all(block.adapter_layer["a"].training for block in model.encoder.blocks)


def test_a_part_alone_unfreezes_its_own():
    encoder = Encoder()
    encoder.add_adapter("a", section())
    encoder.freeze()
    encoder.unfreeze_enabled_adapters()
    assert trainable(encoder) == {f"blocks.{index}.adapter_layer.a.scale" for index in (0, 1)}


@pytest.mark.parametrize("what", ["model", "encoder", "blocks", "norm"])
def test_train_does_not_wake_batch_norms(model, what):
    model.unfreeze_enabled_adapters()
    part = {
        "model": model, "encoder": model.encoder, "blocks": model.encoder.blocks, "norm": model.encoder.blocks[0].norm
    }[what]  # fmt: skip
    part.train()
    assert not any(norm.training for norm in norms(model))
    before = [norm.running_mean.clone() for norm in norms(model)]
    model.train()
    model(X + 5)
    assert all(torch.equal(norm.running_mean, mean) for norm, mean in zip(norms(model), before, strict=True))


def test_other_modules_do_train(model):
    model.unfreeze_enabled_adapters()
    model.train()
    assert model.encoder.training
    assert model.encoder.blocks[0].linear.training
    model.eval()
    assert not any(part.training for part in model.modules())


def test_batch_norms_may_be_left_alone(model):
    model.unfreeze_enabled_adapters()
    model.unfreeze_enabled_adapters(freeze_batchnorm=False)
    model.train()
    assert all(norm.training for norm in norms(model))
    assert not any(weight.requires_grad for norm in norms(model) for weight in norm.parameters())


def test_unfreeze_brings_batch_norms_back(model):
    model.unfreeze_enabled_adapters()
    model.unfreeze()
    assert all(norm.training for norm in norms(model))
    assert trainable(model) == {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"])
def test_twins_keep_their_own_batch_norms_frozen(twin_of):
    encoder = Encoder()
    encoder.add_adapter("a", section())
    encoder.unfreeze_enabled_adapters()
    twin = twin_of(encoder)
    twin.train()
    assert not any(norm.training for norm in norms(twin))
    encoder.unfreeze()
    twin.train()
    assert all(norm.training for norm in norms(encoder))
    assert not any(norm.training for norm in norms(twin))


class PartlyFrozen(nn.Module):
    """An adapter with a batch norm, which trains, and a weight, which does not."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(WIDTH)
        self.fixed = nn.Parameter(torch.zeros(1))
        self.adapter_strategy = lambda x, adapter, module: x + adapter(x)

    def forward(self, x):
        return self.norm(x) * self.fixed

    def adapter_unfreeze(self):
        self.norm.requires_grad_(True)


def test_an_adapter_has_a_say_in_what_of_it_trains():
    encoder = Encoder()
    encoder.add_adapter("a", {"_target_": f"{__name__}.PartlyFrozen"})
    encoder.freeze()
    encoder.unfreeze_enabled_adapters()
    encoder.train()
    assert {name.split("a.")[1] for name in trainable(encoder)} == {"norm.weight", "norm.bias"}
    assert encoder.blocks[0].adapter_layer["a"].norm.training
    assert not encoder.blocks[0].norm.training


def test_nothing_enabled_is_reported(model, caplog):
    model.set_enabled_adapters(enabled=False)
    model.unfreeze_enabled_adapters()
    assert "no adapter that is enabled" in caplog.text
    assert trainable(model) == set()
