"""Adapters of a part of a network: adding, enabling, applying."""

import copy
import pickle

import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from nemo.core.adapters import AdapterModuleMixin, AdapterStack
from nemo.core.adapters.names import split_name
from nemo.utils.exceptions import ConfigError
from tests.core.adapters.networks import ADAPTER, WIDTH, Block, Encoder, ScalingAdapter, SpecialAdapter, section


@pytest.fixture
def block():
    return Block().eval()


def scaled(block, x):
    """By how much the block's adapters scale what it would give without any."""
    factors = (block(x) / block.norm(block.linear(x))).flatten()
    assert torch.allclose(factors, factors[:1].expand_as(factors))
    return factors[0].item()


X = torch.rand(3, WIDTH) + 1


def test_without_adapters_there_is_nothing(block):
    assert not block.is_adapter_available()
    assert block.get_enabled_adapters() == []
    assert block.adapter_name is None
    assert block.get_adapter_module("a") is None
    assert block.adapter_cfg == {}
    assert not [name for name in block.state_dict() if "adapter" in name]
    x = torch.rand(2)
    assert block.forward_enabled_adapters(x) is x


def test_adapters_are_applied_in_the_order_of_adding_each_to_what_the_one_before_gave(block):
    block.add_adapter("a", section(scale=2.0))
    block.add_adapter("b", section(scale=4.0))
    assert scaled(block, X) == pytest.approx((1 + 2) * (1 + 4))
    assert block.get_enabled_adapters() == ["a", "b"]
    assert block.adapter_name == "b"
    assert list(block.adapter_layer) == ["a", "b"]
    assert isinstance(block.adapter_layer, nn.ModuleDict)
    assert isinstance(block.adapter_layer, AdapterStack)


def test_only_enabled_adapters_are_applied(block):
    block.add_adapter("a", section(scale=2.0))
    block.add_adapter("b", section(scale=4.0, enabled=False))
    assert scaled(block, X) == pytest.approx(3)
    block.set_enabled_adapters("b")
    assert scaled(block, X) == pytest.approx(15)
    block.set_enabled_adapters("a", enabled=False)
    assert (scaled(block, X), block.get_enabled_adapters()) == (pytest.approx(5), ["b"])
    block.set_enabled_adapters(enabled=False)
    assert torch.equal(block(X), block.norm(block.linear(X)))
    assert not block.is_adapter_available()
    block.set_enabled_adapters(enabled=True)
    assert scaled(block, X) == pytest.approx(15)


def test_state_dict_names_are_those_of_archives(block):
    block.add_adapter("a", section())
    assert [name for name in block.state_dict() if "adapter" in name] == ["adapter_layer.a.scale"]
    encoder = Encoder()
    encoder.add_adapter("a", section())
    names = [name for name in encoder.state_dict() if "adapter" in name]
    assert names == ["blocks.0.adapter_layer.a.scale", "blocks.1.adapter_layer.a.scale"]


def test_config_is_kept_with_enabled(block):
    block.add_adapter("a", DictConfig(section(scale=2.0)))
    assert block.adapter_cfg == {"a": {"_target_": ADAPTER, "scale": 2.0, "enabled": True}}


def test_given_config_is_not_changed(block):
    config = OmegaConf.create(section(enabled=False))
    block.add_adapter("a", config)
    block.set_enabled_adapters("a")
    assert config == section(enabled=False)


def test_a_config_that_is_set_decides_what_is_enabled(block):
    block.add_adapter("a", section(scale=2.0))
    block.adapter_cfg = OmegaConf.create({"a": {"enabled": False}, "global_cfg": {}})
    assert block.get_enabled_adapters() == []


def test_name_may_say_the_part(block):
    block.add_adapter("encoder:a", section())
    assert block.get_enabled_adapters() == ["a"]
    assert isinstance(block.get_adapter_module("encoder:a"), ScalingAdapter)
    block.set_enabled_adapters("encoder:a", enabled=False)
    assert block.get_enabled_adapters() == []
    assert block.resolve_adapter_module_name_("encoder:a") == ("encoder", "a")
    assert split_name("a") == ("", "a")


def test_places_inside_get_one_adapter_each(block):
    encoder = Encoder().eval()
    encoder.add_adapter("a", section(scale=2.0))
    first, second = (each.adapter_layer["a"] for each in encoder.blocks)
    assert first is not second
    assert encoder.get_adapter_module("a") is first
    assert encoder.get_enabled_adapters() == ["a"]
    without = Encoder().eval()
    assert torch.allclose(encoder(X), without(X) * 9)
    assert "adapter_layer" not in dict(encoder.named_children())
    encoder.set_enabled_adapters(enabled=False)
    assert torch.equal(encoder(X), without(X))
    assert encoder.adapter_cfg.a.enabled is False


@pytest.mark.parametrize("name", ["global_cfg", "", "a:", "x:y:a", "a.b", "a b", "keys", "forward"])
def test_names_that_cannot_be(block, name):
    with pytest.raises(ConfigError, match="name"):
        block.add_adapter(name, section())
    assert not block.is_adapter_available()


def test_a_name_is_given_once(block):
    block.add_adapter("a", section())
    with pytest.raises(ConfigError, match="already"):
        block.add_adapter("other:a", section())
    assert list(block.adapter_layer) == ["a"]


@pytest.mark.parametrize("act", [lambda b: b.set_enabled_adapters(), lambda b: b.set_enabled_adapters("a")])
def test_nothing_to_enable(block, act):
    with pytest.raises(ValueError, match="no adapters to enable"):
        act(block)


def test_unknown_name_to_enable(block):
    block.add_adapter("a", section())
    with pytest.raises(ConfigError, match="no adapter 'b'; it has a"):
        block.set_enabled_adapters("b")


def test_accepted_types(block):
    assert block.get_accepted_adapter_types() == set()
    block.set_accepted_adapter_types([f"{SpecialAdapter.__module__}.SpecialAdapter"])
    assert block.get_accepted_adapter_types() == {SpecialAdapter}
    with pytest.raises(ValueError, match="does not take adapters of .*ScalingAdapter; it accepts SpecialAdapter"):
        block.add_adapter("a", section())
    block.add_adapter("a", {"_target_": f"{SpecialAdapter.__module__}.SpecialAdapter"})
    block.set_accepted_adapter_types([ScalingAdapter])
    block.add_adapter("b", {"_target_": f"{SpecialAdapter.__module__}.SpecialAdapter"})  # of a derived class
    assert block.get_enabled_adapters() == ["a", "b"]
    assert Block().get_accepted_adapter_types() == set()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scale": 1.0}, "no _target_"),
        ({"_target_": "no.such.Adapter"}, "cannot be imported"),
        ({"_target_": "collections.OrderedDict"}, "expected the path of a class of torch.nn.Module"),
        (section(scael=1.0), "no argument 'scael'.*scale"),
    ],
)
def test_sections_that_cannot_be_built(block, config, message):
    with pytest.raises(ConfigError, match=message):
        block.add_adapter("a", config)
    assert not block._has_stack()


def test_an_adapter_without_strategy_is_named(block):
    block.add_adapter("a", {"_target_": "torch.nn.Identity"})
    with pytest.raises(ConfigError, match="adapter 'a' .Identity. has no adapter_strategy"):
        block(X)


def test_in_features_are_filled_in_where_the_place_knows_them():
    class Known(Block):
        @property
        def adapter_input_size(self):
            return WIDTH

    known = Known()
    known.add_adapter("a", section(in_features=99))
    assert known.adapter_layer["a"].scale.shape == (WIDTH,)
    assert known.adapter_cfg.a.in_features == WIDTH
    known.add_adapter("b", {"_target_": "torch.nn.Dropout", "p": 0.5})  # takes none


def test_a_new_adapter_is_where_the_network_is():
    block = Block().double()
    block.add_adapter("a", section())
    assert block.adapter_layer["a"].scale.dtype == torch.float64
    block = Block().to("meta")
    block.add_adapter("a", section())
    assert block.adapter_layer["a"].scale.device.type == "meta"


def test_copies_and_pickles_have_adapters_of_their_own(block):
    block.add_adapter("a", section(scale=2.0))
    for twin in (copy.deepcopy(block), pickle.loads(pickle.dumps(block))):
        assert torch.equal(twin(X), block(X))
        twin.set_enabled_adapters(enabled=False)
        assert block.is_adapter_available()
        assert not twin.is_adapter_available()


def test_the_mixin_works_beside_a_bare_module():
    class Bare(nn.Module, AdapterModuleMixin):
        def forward(self, x):
            return self.forward_enabled_adapters(x)

    bare = Bare()
    bare.add_adapter("a", section(scale=2.0))
    assert torch.equal(bare(X), 3 * X)


def test_compiling_follows_what_is_enabled():
    block = Block().eval()
    block.add_adapter("a", section(scale=2.0))
    compiled = torch.compile(block, backend="eager")
    assert torch.equal(compiled(X), block(X))
    block.set_enabled_adapters(enabled=False)
    assert torch.equal(compiled(X), block(X))
