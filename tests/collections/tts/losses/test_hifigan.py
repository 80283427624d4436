"""The adversarial losses against their formulas."""

import torch

from nemo.collections.tts.losses.hifigan import DiscriminatorLoss, FeatureMatchingLoss, GeneratorLoss

REAL = [torch.tensor([[1.0, 0.5]]), torch.tensor([[0.0]])]
FAKE = [torch.tensor([[0.0, 0.5]]), torch.tensor([[1.0]])]


def test_discriminators_want_one_for_real_and_zero_for_generated_audio():
    loss, real, fake = DiscriminatorLoss()(disc_real_outputs=REAL, disc_generated_outputs=FAKE)
    assert [float(part) for part in real] == [0.125, 1.0]
    assert [float(part) for part in fake] == [0.125, 1.0]
    assert float(loss) == 2.25


def test_the_generator_wants_one_for_generated_audio():
    loss, parts = GeneratorLoss()(disc_outputs=FAKE)
    assert [float(part) for part in parts] == [0.625, 0.0]
    assert float(loss) == 0.625


def test_features_are_matched_by_twice_their_mean_distance():
    real = [[torch.zeros(2, 3), torch.ones(4)], [torch.ones(1)]]
    fake = [[torch.ones(2, 3), torch.ones(4)], [torch.full((1,), 3.0)]]
    assert float(FeatureMatchingLoss()(fmap_r=real, fmap_g=fake)) == 2 * (1 + 0 + 2)
