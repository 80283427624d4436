import math

import pytest
import torch

from nemo.collections.asr.losses import AngularSoftmaxLoss


def by_formula(cosines, labels, scale, margin):
    """Written as in the paper, one example after the other."""
    total = 0.0
    for row, label in zip(cosines.tolist(), labels.tolist(), strict=True):
        right = math.exp(scale * math.cos(math.acos(row[label]) + margin))
        others = sum(math.exp(scale * value) for index, value in enumerate(row) if index != label)
        total -= math.log(right / (right + others))
    return total / len(labels)


@pytest.mark.parametrize(("scale", "margin"), [(20.0, 1.35), (30.0, 0.2), (1.0, 0.0)])
def test_the_loss_is_the_papers_formula(scale, margin):
    cosines = torch.rand(6, 5, dtype=torch.float64) * 1.8 - 0.9
    labels = torch.tensor([0, 4, 2, 2, 1, 3])
    loss = AngularSoftmaxLoss(scale, margin)(logits=cosines, labels=labels)
    assert float(loss) == pytest.approx(by_formula(cosines, labels, scale, margin), rel=1e-9)


def test_without_margin_it_is_cross_entropy_of_scaled_cosines():
    cosines, labels = torch.rand(4, 3) - 0.5, torch.tensor([0, 1, 2, 1])
    loss = AngularSoftmaxLoss(scale=7.0, margin=0.0)(logits=cosines, labels=labels)
    assert torch.allclose(loss, torch.nn.functional.cross_entropy(7.0 * cosines, labels), atol=1e-5)


def test_gradients_are_finite_at_a_cosine_of_one():
    cosines = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], requires_grad=True)
    AngularSoftmaxLoss()(logits=cosines, labels=torch.tensor([0, 0])).backward()
    assert torch.isfinite(cosines.grad).all()


def test_defaults_are_the_originals():
    loss = AngularSoftmaxLoss()
    assert (loss.scale, loss.margin) == (20.0, 1.35)
