"""Which class takes the place of another where adapters are wanted."""

import pytest

from nemo.core.adapters import registry
from nemo.core.adapters.registry import get_registered_adapter, register_adapter
from nemo.utils.exceptions import ConfigError
from tests.core.adapters.networks import Encoder


class AdaptableEncoder(Encoder):
    """Takes its place."""


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(registry, "ADAPTER_REGISTRY", {})


def test_found_by_either_class_or_path():
    register_adapter(Encoder, AdaptableEncoder)
    for cls in (Encoder, AdaptableEncoder, f"{__name__}.AdaptableEncoder", "tests.core.adapters.networks.Encoder"):
        info = get_registered_adapter(cls)
        assert (info.base_class, info.adapter_class) == (Encoder, AdaptableEncoder)
        assert info.base_class_path == "tests.core.adapters.networks.Encoder"
        assert info.adapter_class_path == f"{__name__}.AdaptableEncoder"


@pytest.mark.parametrize("cls", [dict, "no.such.Class", "collections.NoSuch"])
def test_not_registered(cls):
    assert get_registered_adapter(cls) is None


def test_one_for_each_class():
    register_adapter(Encoder, AdaptableEncoder)
    with pytest.raises(ConfigError, match="AdaptableEncoder is already registered"):
        register_adapter(Encoder, AdaptableEncoder)


def test_it_must_be_derived():
    with pytest.raises(ConfigError, match="not derived"):
        register_adapter(AdaptableEncoder, Encoder)
    assert registry.ADAPTER_REGISTRY == {}
