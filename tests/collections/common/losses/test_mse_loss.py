"""Mean squared error, against PyTorch's."""

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.common.losses import MSELoss


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_as_pytorch_computes_it(reduction):
    preds, labels = torch.randn(7), torch.randn(7)
    ours = MSELoss(reduction=reduction)(preds=preds, labels=labels)
    assert torch.equal(ours, F.mse_loss(preds, labels, reduction=reduction))
