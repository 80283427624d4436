"""Cross entropy with smoothed labels, against PyTorch's and by hand."""

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.common.losses import SmoothedCrossEntropyLoss
from nemo.utils.exceptions import ConfigError

VOCABULARY, SMOOTHING = 6, 0.1
LOG_PROBS = torch.randn(2, 4, VOCABULARY).log_softmax(-1)
LABELS = torch.tensor([[1, 2, 3, 0], [5, 1, 0, 0]])
COUNTS = LABELS != 0


def by_hand(smoothing):
    """-sum of target probabilities times log-probabilities, for each token."""
    targets = torch.full((2, 4, VOCABULARY), smoothing / (VOCABULARY - 1))
    targets.scatter_(2, LABELS.unsqueeze(2), 1 - smoothing)
    return -(targets * LOG_PROBS).sum(-1)


@pytest.mark.parametrize("smoothing", [0.0, SMOOTHING])
def test_the_label_has_what_smoothing_leaves(smoothing):
    loss = SmoothedCrossEntropyLoss(label_smoothing=smoothing, pad_id=0)(log_probs=LOG_PROBS, labels=LABELS)
    assert torch.allclose(loss, by_hand(smoothing)[COUNTS].mean(), atol=1e-5)


def test_as_pytorch_computes_it():
    """PyTorch shares the smoothing among all V tokens, the label too; so its number is larger."""
    theirs = F.cross_entropy(
        LOG_PROBS.flatten(0, 1), LABELS.flatten(), label_smoothing=SMOOTHING * VOCABULARY / (VOCABULARY - 1)
    )
    loss = SmoothedCrossEntropyLoss(label_smoothing=SMOOTHING)
    ours = loss(log_probs=LOG_PROBS, labels=LABELS, output_mask=torch.ones(2, 4))
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_mask_goes_before_padding():
    mask = torch.tensor([[1, 0, 0, 1], [0, 0, 0, 1]])
    loss = SmoothedCrossEntropyLoss(pad_id=0)(log_probs=LOG_PROBS, labels=LABELS, output_mask=mask)
    assert torch.allclose(loss, by_hand(0.0)[mask.bool()].mean(), atol=1e-5)


def test_only_the_last_positions():
    loss = SmoothedCrossEntropyLoss(pad_id=0, predict_last_k=2)(log_probs=LOG_PROBS, labels=LABELS)
    assert torch.allclose(loss, by_hand(0.0)[0, 2], atol=1e-5)


def test_without_reduction():
    loss = SmoothedCrossEntropyLoss(pad_id=0, per_token_reduction=False)(log_probs=LOG_PROBS, labels=LABELS)
    assert torch.allclose(loss, by_hand(0.0) * COUNTS, atol=1e-6)


def test_nothing_that_counts_is_no_loss():
    loss = SmoothedCrossEntropyLoss()(log_probs=LOG_PROBS, labels=LABELS, output_mask=torch.zeros(2, 4))
    assert loss == 0.0


def test_it_must_know_what_counts():
    with pytest.raises(ConfigError, match="no pad_id and got no output_mask"):
        SmoothedCrossEntropyLoss()(log_probs=LOG_PROBS, labels=LABELS)
