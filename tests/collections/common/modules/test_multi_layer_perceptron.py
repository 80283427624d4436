"""The classifier's layers and names."""

import pytest
import torch

from nemo.collections.common.modules import MultiLayerPerceptron
from nemo.utils.exceptions import ConfigError


def test_names_are_those_of_archives():
    names = list(MultiLayerPerceptron(4, 3, num_layers=3).state_dict())
    assert names == ["layer0.weight", "layer0.bias", "layer2.weight", "layer2.bias", "layer4.weight", "layer4.bias"]
    assert list(MultiLayerPerceptron(4, 3, num_layers=1).state_dict()) == ["layer0.weight", "layer0.bias"]


@pytest.mark.parametrize("log_softmax", [True, False])
def test_computed_by_hand(log_softmax):
    network = MultiLayerPerceptron(4, 3, num_layers=2, activation="tanh", log_softmax=log_softmax)
    x = torch.randn(2, 5, 4)
    logits = torch.tanh(x @ network.layer0.weight.T + network.layer0.bias) @ network.layer2.weight.T
    logits = logits + network.layer2.bias
    expected = logits - logits.exp().sum(-1, keepdim=True).log() if log_softmax else logits
    assert torch.allclose(network(x), expected, atol=1e-6)
    assert network.last_linear_layer is network.layer2


@pytest.mark.parametrize("wrong", [{"num_layers": 0}, {"activation": "load"}])
def test_values_that_are_not_possible(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        MultiLayerPerceptron(4, 3, **wrong)
