"""Discriminators say the same whether they learn or the generator does, which then gets the same gradient."""

import pytest
import torch

from nemo.collections.tts.losses.hifigan import FeatureMatchingLoss, GeneratorLoss
from nemo.collections.tts.modules import codec_discriminators, hifigan_discriminators, vits_discriminators

GROUPS = {
    "periods": lambda: hifigan_discriminators.MultiPeriodDiscriminator(debug=True),
    "scales": lambda: hifigan_discriminators.MultiScaleDiscriminator(debug=True).eval(),  # spectral norms stay
    "vits": lambda: vits_discriminators.MultiPeriodDiscriminator(debug=True),
    "codec": lambda: codec_discriminators.MultiResolutionDiscriminatorSTFT([[64, 16, 64]]),
}


@pytest.mark.parametrize("name", GROUPS)
def test_real_audio_has_no_gradients_while_the_generator_learns(name):
    torch.manual_seed(0)
    group = GROUPS[name]()
    size = (2, 512) if name == "codec" else (2, 1, 512)
    real, generated = torch.randn(size), torch.randn(size, requires_grad=True)
    found = []
    for is_learning in (True, False):
        group.requires_grad_(is_learning)
        scores_real, scores, outputs_real, outputs = group(real, generated)
        assert all(each.requires_grad for each in scores)
        assert all(each.requires_grad == is_learning for each in scores_real)
        loss = GeneratorLoss()(disc_outputs=scores)[0] + FeatureMatchingLoss()(fmap_r=outputs_real, fmap_g=outputs)
        (gradient,) = torch.autograd.grad(loss, generated)
        flat = [each for layers in outputs_real + outputs for each in layers]
        found.append([gradient, *scores_real, *scores, *flat])
    for first, second in zip(*found, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-5)
