"""Losses of the enhancer by closed forms."""

import pytest
import torch

from nemo.collections.tts.losses.spectrogram_enhancer import (
    ConsistencyLoss,
    GeneratorLoss,
    GradientPenaltyLoss,
    HingeLoss,
)


def test_the_penalty_of_a_linear_discriminator_is_the_squared_length_of_its_weights():
    weights = torch.randn(1, 4, 6)
    images = torch.randn(3, 1, 4, 6, requires_grad=True)
    loss = GradientPenaltyLoss(weight=10.0)(images=images, logits=(images * weights).sum(dim=(1, 2, 3)) + 7).detach()
    assert float(loss) == pytest.approx(10 * float(weights.square().sum()), rel=1e-5)


def test_the_penalty_has_a_gradient():
    factor = torch.tensor(3.0, requires_grad=True)
    images = torch.randn(2, 1, 4, 6, requires_grad=True)
    GradientPenaltyLoss(weight=1.0)(images=images, logits=factor * images.sum(dim=(1, 2, 3))).backward()
    assert float(factor.grad) == pytest.approx(2 * 3 * 24)  # of 24 * factor ** 2


def test_hinges_stop_at_one():
    real, fake = torch.tensor([-2.0, 0.0, 1.0]), torch.tensor([3.0, 0.5, -1.0])
    assert float(HingeLoss()(real_logits=real, fake_logits=fake)) == pytest.approx((0 + 1.5 + 4) / 3)
    assert float(GeneratorLoss()(fake_logits=fake)) == pytest.approx(2.5 / 3)


def test_consistency_is_the_distance_of_coarse_spectrograms_within_the_lengths():
    lengths = torch.tensor([10, 4])
    condition = torch.rand(2, 1, 16, 10)
    output = condition.clone()
    output[0] += 0.25
    output[1, ..., :4] -= 0.5
    output[1, ..., 4:] += 9  # padding
    loss = ConsistencyLoss(weight=2.0)(condition=condition, output=output, lengths=lengths)
    assert float(loss) == pytest.approx(2 * (0.25 + 0.5) / 2, rel=1e-5)


def test_details_that_a_quarter_of_the_bands_cannot_show_cost_little():
    condition = torch.zeros(1, 1, 64, 5)
    output = torch.ones(64).index_fill(0, torch.arange(1, 64, 2), -1.0).view(1, 1, 64, 1).expand(1, 1, 64, 5)
    loss = ConsistencyLoss(weight=1.0)(condition=condition, output=output, lengths=torch.tensor([5]))
    assert float(loss) < 0.05
