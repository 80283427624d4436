"""Cross entropy over the positions that count, against PyTorch's."""

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.common.losses import CrossEntropyLoss, NLLLoss
from nemo.core.archive.targets import TargetPolicy

LOGITS, LABELS = torch.randn(2, 3, 5), torch.randint(5, (2, 3))
MASK = torch.tensor([[1, 1, 0], [0, 1, 0]])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.5, 1.0, 3.0]])
@pytest.mark.parametrize("masked", [False, True])
def test_as_pytorch_computes_it(reduction, weight, masked):
    counts = MASK.bool() if masked else torch.ones_like(LABELS, dtype=torch.bool)
    arguments = {"weight": None if weight is None else torch.tensor(weight), "reduction": reduction}
    theirs = F.cross_entropy(LOGITS[counts], LABELS[counts], **arguments)
    mask = MASK if masked else None
    ours = CrossEntropyLoss(logits_ndim=3, weight=weight, reduction=reduction)(
        logits=LOGITS, labels=LABELS, loss_mask=mask
    )
    assert torch.equal(ours, theirs)
    ours = NLLLoss(log_probs_ndim=3, weight=weight, reduction=reduction)(
        log_probs=LOGITS.log_softmax(-1), labels=LABELS, loss_mask=mask
    )
    assert torch.allclose(ours, theirs)


def test_two_dims_and_labels_to_ignore():
    logits, labels = LOGITS[0], torch.tensor([1, -1, 2])
    theirs = F.cross_entropy(logits[[0, 2]], labels[[0, 2]])
    assert torch.allclose(CrossEntropyLoss(ignore_index=-1)(logits=logits, labels=labels), theirs)


@pytest.mark.parametrize("make", [CrossEntropyLoss, NLLLoss])
def test_nothing_that_counts_is_no_loss(make):
    name = "logits" if make is CrossEntropyLoss else "log_probs"
    values = LOGITS[0].clone().requires_grad_()
    loss = make()(**{name: values}, labels=LABELS[0], loss_mask=torch.zeros(3))
    loss.backward()
    assert (loss.item(), values.grad.abs().sum().item()) == (0.0, 0.0)


def test_weights_are_in_the_state_dict_as_in_archives():
    assert list(CrossEntropyLoss(weight=[1.0, 2.0]).state_dict()) == ["weight"]
    assert list(CrossEntropyLoss().state_dict()) == []


def test_the_paths_of_published_configs():
    policy = TargetPolicy()
    assert policy.resolve("nemo.collections.common.losses.cross_entropy.CrossEntropyLoss") is CrossEntropyLoss
    assert policy.resolve("nemo.collections.common.losses.smoothed_cross_entropy.SmoothedCrossEntropyLoss")


def test_types_are_checked():
    with pytest.raises(TypeError):
        CrossEntropyLoss(logits_ndim=2)(logits=LOGITS, labels=LABELS)


def test_factors_of_classes_come_with_the_state_dict_and_stay_where_it_has_none():
    trained, plain = CrossEntropyLoss(weight=[1.0, 3.0]), CrossEntropyLoss()
    plain.load_state_dict(trained.state_dict())
    assert plain.weight.tolist() == [1.0, 3.0]
    trained.load_state_dict({})
    assert trained.weight.tolist() == [1.0, 3.0]
