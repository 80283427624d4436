"""Activations by the names of configs, against PyTorch's functions."""

import pytest
import torch

from nemo.collections.common.modules import ACTIVATIONS, make_activation
from nemo.utils.exceptions import ConfigError

FUNCTIONS = {
    "gelu": torch.nn.functional.gelu,
    "hardtanh": torch.nn.functional.hardtanh,
    "identity": lambda x: x,
    "relu": torch.relu,
    "selu": torch.selu,
    "sigmoid": torch.sigmoid,
    "silu": lambda x: x * torch.sigmoid(x),
    "swish": lambda x: x * torch.sigmoid(x),
    "tanh": torch.tanh,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_is_its_function(name):
    x = torch.linspace(-3, 3, 50)
    assert torch.allclose(make_activation(name)(x), FUNCTIONS[name](x), atol=1e-6)


def test_unknown_name_lists_those_there_are():
    with pytest.raises(ConfigError, match="head.activation is 'load'; expected one of gelu, hardtanh"):
        make_activation("load", "head.activation")
