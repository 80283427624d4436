"""Freezing, counting and building typed modules."""

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from nemo.core.classes.file_io import FileIO
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing, typecheck
from nemo.core.neural_types import ChannelType, NeuralType


class Affine(NeuralModule):
    """One linear layer and a normalization, `bias` of the layer is not trained."""

    def __init__(self, width: int = 3):
        super().__init__()
        self.linear = nn.Linear(width, 2)
        self.norm = nn.BatchNorm1d(2)
        self.linear.bias.requires_grad = False

    @property
    def input_types(self):
        return {"x": NeuralType(("B", "D"), ChannelType())}

    @property
    def output_types(self):
        return {"y": NeuralType(("B", "D"), ChannelType())}

    @typecheck()
    def forward(self, x):
        return self.norm(self.linear(x))


def required(module):
    return {name: parameter.requires_grad for name, parameter in module.named_parameters()}


AS_BUILT = {"linear.weight": True, "linear.bias": False, "norm.weight": True, "norm.bias": True}


def test_neural_module_is_a_typed_serializable_module_and_no_model():
    assert issubclass(NeuralModule, (nn.Module, Typing))
    assert NeuralModule.__mro__[1:5] == (nn.Module, Typing, Serialization, FileIO)
    assert not issubclass(NeuralModule, ModelPT)


def test_num_weights_counts_trainable_elements():
    assert Affine().num_weights == 3 * 2 + 2 + 2


def test_input_example_is_none_unless_a_module_says_more():
    assert Affine().input_example() is None
    assert Affine().input_example(max_batch=2, max_dim=3) is None


def test_forward_is_typed():
    assert Affine()(x=torch.zeros(4, 3)).neural_type == NeuralType(("B", "D"), ChannelType())
    with pytest.raises(TypeError, match="3 axes; expected 2"):
        Affine()(x=torch.zeros(4, 3, 1))


def test_freeze_stops_gradients_and_training_mode():
    module = Affine()
    module.freeze()
    assert set(required(module).values()) == {False}
    assert not module.training
    assert not module.norm.training


def test_unfreeze_trains_every_parameter():
    module = Affine()
    module.freeze()
    module.unfreeze()
    assert set(required(module).values()) == {True}
    assert module.norm.training


def test_partial_unfreeze_brings_back_what_was_before_the_first_freeze():
    module = Affine()
    module.freeze()
    module.freeze()
    module.unfreeze(partial=True)
    assert required(module) == AS_BUILT
    assert module.training
    with pytest.raises(ValueError, match="freeze"):
        module.unfreeze(partial=True)


def test_as_frozen_restores_each_parameter_and_each_mode():
    module = Affine()
    module.norm.eval()
    with module.as_frozen():
        assert set(required(module).values()) == {False}
        assert not module.training
    assert required(module) == AS_BUILT
    assert (module.training, module.linear.training, module.norm.training) == (True, True, False)


def test_as_frozen_restores_after_an_error_and_keeps_an_outer_freeze():
    module = Affine()
    module.freeze()
    with pytest.raises(KeyError), module.as_frozen():
        raise KeyError
    module.unfreeze(partial=True)
    assert required(module) == AS_BUILT


def test_module_is_built_from_its_config():
    config = OmegaConf.create({"_target_": f"{__name__}.Affine", "width": 5})
    module = NeuralModule.from_config_dict(config)
    assert module.linear.in_features == 5
    assert module.to_config_dict() == config


def test_scripted_module_gives_the_same():
    module = Affine().eval()
    x = torch.randn(4, 3)
    torch.testing.assert_close(torch.jit.script(module)(x), module(x=x))
