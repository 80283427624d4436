"""Binary cross entropy over the positions that count, against PyTorch's."""

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.common.losses import BCEWithLogitsLoss

LOGITS, LABELS = torch.randn(2, 3, 4), torch.randint(2, (2, 3, 4))
MASK = torch.tensor([[1, 0, 0], [1, 1, 0]])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weights", [{}, {"weight": [1.0, 2.0, 3.0, 4.0]}, {"pos_weight": [2.0, 0.5, 1.0, 3.0]}])
def test_as_pytorch_computes_it(reduction, weights):
    tensors = {name: torch.tensor(values) for name, values in weights.items()}
    chosen, targets = LOGITS[MASK.bool()], LABELS[MASK.bool()].float()
    theirs = F.binary_cross_entropy_with_logits(chosen, targets, reduction=reduction, **tensors)
    ours = BCEWithLogitsLoss(logits_ndim=3, reduction=reduction, **weights)(
        logits=LOGITS, labels=LABELS, loss_mask=MASK
    )
    assert torch.equal(ours, theirs)


def test_one_text_each():
    theirs = F.binary_cross_entropy_with_logits(LOGITS[0], LABELS[0].float())
    assert torch.equal(BCEWithLogitsLoss()(logits=LOGITS[0], labels=LABELS[0]), theirs)


def test_nothing_that_counts_is_no_loss():
    loss = BCEWithLogitsLoss(logits_ndim=3)(logits=LOGITS, labels=LABELS, loss_mask=torch.zeros(2, 3))
    assert loss == 0.0
