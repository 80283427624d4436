"""Loss of spans, against PyTorch's cross entropy."""

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.common.losses import SpanningLoss

LOGITS = torch.randn(3, 7, 2)


def test_mean_of_both_positions():
    starts, ends = torch.tensor([0, 3, 6]), torch.tensor([1, 3, 6])
    loss, start_logits, end_logits = SpanningLoss()(logits=LOGITS, start_positions=starts, end_positions=ends)
    theirs = (F.cross_entropy(LOGITS[..., 0], starts) + F.cross_entropy(LOGITS[..., 1], ends)) / 2
    assert torch.allclose(loss, theirs)
    assert torch.equal(torch.stack((start_logits, end_logits), dim=-1), LOGITS)


def test_positions_that_were_cut_off_do_not_count():
    starts, ends = torch.tensor([2, 7, 99]), torch.tensor([7, 3, 99])
    given = starts.clone()
    loss, _, _ = SpanningLoss()(logits=LOGITS, start_positions=starts, end_positions=ends)
    theirs = F.cross_entropy(LOGITS[:1, :, 0], starts[:1]) + F.cross_entropy(LOGITS[1:2, :, 1], ends[1:2])
    assert loss.item() == pytest.approx(theirs.item() / 2, rel=1e-5)
    assert torch.equal(starts, given)


def test_nothing_that_counts_is_no_loss():
    beyond = torch.tensor([7, 8, 9])
    assert SpanningLoss()(logits=LOGITS, start_positions=beyond, end_positions=beyond)[0] == 0.0
