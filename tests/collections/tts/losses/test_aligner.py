"""The forward sum against all alignments, and the loss of hard alignments."""

import itertools
import math

import pytest
import torch

from nemo.collections.tts.losses.aligner import BinLoss, ForwardSumLoss


def log_sum_of_all_alignments(log_probs, tokens):
    """Frames [F, 1 + U] with the blank first: the sum over all sequences that collapse to 1, 2, ..., U."""
    frames = len(log_probs)
    total = 0.0
    for sequence in itertools.product(range(tokens + 1), repeat=frames):
        collapsed = [label for label, _ in itertools.groupby(sequence) if label]
        if collapsed == list(range(1, tokens + 1)):
            total += math.exp(sum(float(log_probs[frame, label]) for frame, label in enumerate(sequence)))
    return math.log(total)


@pytest.mark.parametrize("seed", range(10))
def test_the_forward_sum_is_that_of_all_alignments(seed):
    torch.manual_seed(seed)
    logits = torch.randn(2, 1, 5, 3)
    in_lens, out_lens = torch.tensor([3, 2]), torch.tensor([5, 4])
    expected = []
    for row in range(2):
        tokens, frames = int(in_lens[row]), int(out_lens[row])
        blank = torch.full((frames, 1), -1.0)
        log_probs = torch.cat([blank, logits[row, 0, :frames, :tokens]], dim=1).log_softmax(dim=1)
        expected.append(-log_sum_of_all_alignments(log_probs, tokens) / tokens)
    found = ForwardSumLoss()(attn_logprob=logits, in_lens=in_lens, out_lens=out_lens)
    assert float(found) == pytest.approx(sum(expected) / 2, rel=1e-5)


def test_the_loss_of_hard_alignments_is_their_mean_log_probability():
    soft = torch.tensor([[[[0.5, 0.5], [0.25, 0.75]]]])
    hard = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    assert float(BinLoss()(hard_attention=hard, soft_attention=soft)) == pytest.approx(
        -(math.log(0.5) + math.log(0.75)) / 2
    )
