"""The base of losses."""

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from nemo.core.classes.loss import Loss
from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing, typecheck
from nemo.core.neural_types import LogitsType, LossType, NeuralType


class SquaredError(Loss):
    @property
    def input_types(self):
        return {"values": NeuralType(("B", "D"), LogitsType()), "targets": NeuralType(("B", "D"))}

    @property
    def output_types(self):
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, values, targets):
        return nn.functional.mse_loss(values, targets, reduction=self.reduction)


def test_loss_is_a_typed_serializable_pytorch_loss():
    assert issubclass(Loss, Typing)
    assert issubclass(Loss, Serialization)
    assert isinstance(SquaredError(), nn.modules.loss._Loss)


def test_loss_is_typed_and_differentiable():
    values, targets = torch.tensor([[1.0, 2.0]], requires_grad=True), torch.tensor([[0.0, 0.0]])
    loss = SquaredError()(values=values, targets=targets)
    assert loss.neural_type == NeuralType(elements_type=LossType())
    loss.backward()
    torch.testing.assert_close(values.grad, torch.tensor([[1.0, 2.0]]))  # d mean(x^2) / dx = 2 x / 2
    with pytest.raises(TypeError, match="keyword"):
        SquaredError()(values, targets)


def test_loss_takes_pytorchs_reduction_and_is_built_from_a_config():
    loss = Loss.from_config_dict(OmegaConf.create({"_target_": f"{__name__}.SquaredError", "reduction": "sum"}))
    assert loss(values=torch.tensor([[1.0, 2.0]]), targets=torch.zeros(1, 2)) == 5
