"""Soft alignments against distances computed one by one."""

import torch

from nemo.collections.tts.modules.aligner import AlignmentEncoder


@torch.no_grad()
def test_energies_are_scaled_squared_distances_and_priors_are_added_as_logarithms():
    torch.manual_seed(0)
    aligner = AlignmentEncoder(n_mel_channels=6, n_text_channels=4, n_att_channels=5, temperature=0.1).eval()
    mel, text = torch.randn(2, 6, 7), torch.randn(2, 4, 3)
    mask = torch.tensor([[[False], [False], [False]], [[False], [False], [True]]])
    soft, logits = aligner(mel, text, mask)
    queries, keys = aligner.query_proj(mel), aligner.key_proj(text)
    distances = (queries[:, :, :, None] - keys[:, :, None]).pow(2).sum(1)
    torch.testing.assert_close(logits[:, 0], -0.1 * distances, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(soft.sum(3), torch.ones(2, 1, 7))
    assert float(soft[1, :, :, 2].max()) == 0
    prior = torch.rand(2, 7, 3)
    _, with_prior = aligner(mel, text, mask, prior)
    expected = (-0.1 * distances).log_softmax(2) + (prior + 1e-8).log()
    torch.testing.assert_close(with_prior[:, 0], expected, rtol=1e-4, atol=1e-5)
