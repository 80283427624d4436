import copy
import importlib

import pytest
import torch
from torch import nn

from nemo.core.classes.access import AccessMixin, _Access, _access


@pytest.fixture(autouse=True)
def _fresh_settings():
    _access.clear()
    _access[None] = _Access()
    yield
    _access.clear()
    _access[None] = _Access()


class Layer(nn.Linear, AccessMixin):
    def forward(self, x):
        x = super().forward(x)
        if self.is_access_enabled(getattr(self, "model_guid", None)):
            self.register_accessible_tensor("output", x)
        return x


class Model(nn.Module, AccessMixin):
    def __init__(self, guid=None):
        super().__init__()
        self.layers = nn.ModuleList([Layer(3, 3) for _ in range(2)])
        if guid is not None:
            for module in self.modules():
                module.model_guid = guid

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def test_registry_holds_what_enabled_modules_laid_aside():
    model, x = Model(), torch.randn(2, 3)
    model(x)
    assert AccessMixin.get_module_registry(model) == {}
    AccessMixin.set_access_enabled(access_enabled=True)
    outputs = [model(x), model(x)]
    registry = AccessMixin.get_module_registry(model)
    assert list(registry) == ["layers.0", "layers.1"]
    assert all(kept is out for kept, out in zip(registry["layers.1"]["output"], outputs, strict=True))
    assert registry["layers.1"]["output"][0].requires_grad


def test_reset_forgets_and_switches_off():
    model = Model()
    AccessMixin.set_access_enabled(True)
    model(torch.randn(2, 3))
    model.reset_registry()
    assert AccessMixin.get_module_registry(model) == {} and not AccessMixin.is_access_enabled()


def test_reset_of_one_name_leaves_others_and_refuses_unknown_ones():
    model = Model()
    AccessMixin.set_access_enabled(True)
    model(torch.randn(2, 3))
    model.layers[0].register_accessible_tensor("other", torch.zeros(1))
    with pytest.raises(KeyError, match="'outputt'. There are: other, output"):
        AccessMixin.reset_registry(model, "outputt")
    AccessMixin.reset_registry(model, "output")
    assert list(AccessMixin.get_module_registry(model)) == ["layers.0"]
    with pytest.raises(KeyError):
        Model().reset_registry("output")


def test_tensors_are_detached_if_the_configuration_says_so():
    model = Model()
    AccessMixin.set_access_enabled(True)
    AccessMixin.update_access_cfg({"detach": True, "convert_to_cpu": True, "interctc": {"capture_layers": [1]}})
    model(torch.randn(2, 3))
    (tensor,) = AccessMixin.get_module_registry(model)["layers.0"]["output"]
    assert not tensor.requires_grad and tensor.device.type == "cpu"
    assert model.access_cfg.interctc.capture_layers == [1]


def test_models_of_release_2_have_settings_of_their_own():
    ours, theirs = Model("ours"), Model("theirs")
    AccessMixin.set_access_enabled(True, guid="ours")
    AccessMixin.update_access_cfg({"detach": True}, guid="ours")
    for model in (ours, theirs):
        model(torch.randn(2, 3))
    assert AccessMixin.get_module_registry(theirs) == {} and not AccessMixin.is_access_enabled("theirs")
    assert not AccessMixin.get_module_registry(ours)["layers.0"]["output"][0].requires_grad
    assert theirs.access_cfg.detach is False and not AccessMixin.is_access_enabled()
    ours.reset_registry()
    assert not AccessMixin.is_access_enabled("ours")


def test_copy_of_a_model_begins_with_nothing():
    model = Model()
    AccessMixin.set_access_enabled(True)
    model(torch.randn(2, 3))
    assert AccessMixin.get_module_registry(copy.deepcopy(model)) == {}


@pytest.mark.parametrize(
    "path", ["nemo.core.access_mixins", "nemo.core.classes.mixins", "nemo.core.classes.mixins.access_mixins"]
)
def test_the_originals_paths_lead_here(path):
    assert importlib.import_module(path).AccessMixin is AccessMixin


def test_packages_offer_the_originals_modules():
    core, mixins = map(importlib.import_module, ("nemo.core", "nemo.core.classes.mixins"))
    assert core.access_mixins.AccessMixin is mixins.access_mixins.AccessMixin is AccessMixin
