"""Losses of the codec against their formulas."""

import torch

from nemo.collections.tts.losses.audio_codec import (
    DiscriminatorHingedLoss,
    DiscriminatorSquaredLoss,
    GeneratorHingedLoss,
    GeneratorSquaredLoss,
    MaskedMAELoss,
    MaskedMSELoss,
    MultiResolutionMelLoss,
    MultiResolutionSTFTLoss,
    RelativeFeatureMatchingLoss,
    SISDRLoss,
    TimeDomainLoss,
)


def test_padding_does_not_count():
    torch.manual_seed(0)
    found, wanted, lengths = torch.randn(2, 3, 8), torch.randn(2, 3, 8), torch.tensor([8, 5])
    rows = [(found[row, :, :n], wanted[row, :, :n]) for row, n in enumerate((8, 5))]
    absolute = sum((a - b).abs().mean() for a, b in rows) / 2
    squared = sum((a - b).square().mean() for a, b in rows) / 2
    torch.testing.assert_close(MaskedMAELoss()(found, wanted, lengths), absolute)
    torch.testing.assert_close(MaskedMSELoss(loss_scale=3.0)(found, wanted, lengths), 3 * squared)
    torch.testing.assert_close(
        TimeDomainLoss()(wanted[:, 0], found[:, 0], lengths), MaskedMAELoss()(found[:, :1], wanted[:, :1], lengths)
    )


def test_the_ratio_is_that_of_orthogonal_noise_at_any_scale():
    time = torch.arange(800) / 800
    signal, noise = (torch.sin(2 * torch.pi * tone * time)[None] for tone in (8, 20))
    loss = SISDRLoss()
    for scale in (0.1, 1.0, 7.0):
        found = loss(signal, scale * (signal + 0.1 * noise) + 0.3, torch.tensor([800]))
        torch.testing.assert_close(found, torch.tensor(-20.0), atol=1e-3, rtol=0)
    padded = torch.nn.functional.pad(signal, (0, 100)), torch.nn.functional.pad(signal + 0.1 * noise, (0, 100), value=5)
    torch.testing.assert_close(loss(*padded, torch.tensor([800])), torch.tensor(-20.0), atol=1e-3, rtol=0)


def test_spectrograms_of_equal_audio_have_no_distance_and_others_have_one():
    torch.manual_seed(0)
    real, other, lengths = torch.randn(2, 400), torch.randn(2, 400), torch.tensor([400, 300])
    resolutions = [[64, 16, 64], [32, 8, 24]]
    mel = MultiResolutionMelLoss(8000, resolutions, [5, 4])
    stft = MultiResolutionSTFTLoss(resolutions)
    assert [float(each) for each in (*mel(real, real, lengths), stft(real, real, lengths))] == [0, 0, 0]
    assert all(float(each) > 0.01 for each in (*mel(real, other, lengths), stft(real, other, lengths)))
    assert "mel_features.1.fb" in mel.state_dict() and "loss_fns.0.window" in stft.state_dict()


def test_scores_and_features():
    real, fake = [torch.tensor([2.0, 0.5])], [torch.tensor([-2.0, 0.5])]
    assert float(GeneratorSquaredLoss()(disc_scores_gen=fake)) == (9 + 0.25) / 2
    assert float(GeneratorHingedLoss()(disc_scores_gen=fake)) == (3 + 0.5) / 2
    assert float(DiscriminatorSquaredLoss()(real, fake)) == ((1 + 0.25) / 2 + (4 + 0.25) / 2) / 2
    assert float(DiscriminatorHingedLoss()(real, fake)) == (0.5 / 2 + 1.5 / 2) / 2
    layers = [[torch.tensor([4.0, -2.0])], [torch.tensor([1.0])]]
    others = [[torch.tensor([3.0, -2.0])], [torch.tensor([1.0])]]
    torch.testing.assert_close(RelativeFeatureMatchingLoss()(layers, others), torch.tensor(0.5 / 3.001 / 2))
