"""CTC loss against the sum over all alignments, one by one."""

import itertools
import math

import pytest
import torch

from nemo.collections.asr.losses import CTCLoss
from nemo.utils.exceptions import ConfigError

TOKENS, FRAMES = 2, 4
TARGETS, TARGET_LENGTHS = [[0, 1], [1, 1], [0, 0]], [2, 2, 1]
FRAME_COUNTS = [4, 3, 2]


def collapse(path, blank):
    return [token for token, _ in itertools.groupby(path) if token != blank]


def by_enumeration(log_probs, target, frames):
    """-log of the probability of all paths that collapse to `target`."""
    total = 0.0
    for path in itertools.product(range(TOKENS + 1), repeat=frames):
        if collapse(path, TOKENS) == target:
            total += math.exp(sum(log_probs[frame, token].item() for frame, token in enumerate(path)))
    return -math.log(total) if total else math.inf


@pytest.fixture
def log_probs():
    return torch.randn(3, FRAMES, TOKENS + 1).log_softmax(-1)


@pytest.fixture
def expected(log_probs):
    targets = [target[:length] for target, length in zip(TARGETS, TARGET_LENGTHS, strict=True)]
    return [by_enumeration(*case) for case in zip(log_probs, targets, FRAME_COUNTS, strict=True)]


def loss(log_probs, frame_counts=FRAME_COUNTS, **kwargs):
    return CTCLoss(TOKENS, **kwargs)(
        log_probs=log_probs,
        targets=torch.tensor(TARGETS, dtype=torch.int32),
        input_lengths=torch.tensor(frame_counts),
        target_lengths=torch.tensor(TARGET_LENGTHS),
    )


@pytest.mark.parametrize(
    ("reduction", "reduce"),
    [
        ("none", lambda losses: losses),
        (None, lambda losses: losses),
        ("sum", sum),
        ("mean_batch", lambda losses: sum(losses) / 3),
        ("mean", lambda losses: sum(value / n for value, n in zip(losses, TARGET_LENGTHS, strict=True)) / 3),
        ("mean_volume", lambda losses: sum(losses) / sum(TARGET_LENGTHS)),
    ],
)
def test_losses_equal_the_sum_over_alignments(log_probs, expected, reduction, reduce):
    torch.testing.assert_close(
        loss(log_probs, reduction=reduction), torch.tensor(reduce(expected)), atol=1e-5, rtol=1e-5
    )


def test_mean_over_the_batch_is_the_default(log_probs, expected):
    assert loss(log_probs).item() == pytest.approx(sum(expected) / 3, rel=1e-5)


def test_a_target_that_does_not_fit_is_infinite_or_zero(log_probs):
    too_short = [4, 2, 2]  # a repeated token needs a blank between: three frames
    assert loss(log_probs, too_short, reduction="none")[1] == math.inf
    assert loss(log_probs, too_short, reduction="none", zero_infinity=True)[1] == 0


def test_frames_beyond_the_lengths_do_not_count(log_probs):
    changed = log_probs.clone()
    changed[1, 3], changed[2, 2:] = -5.0, -5.0
    assert torch.equal(loss(log_probs), loss(changed))


def test_unknown_reductions_are_refused():
    with pytest.raises(ConfigError, match=r"ctc_reduction is 'average'.*mean_batch"):
        CTCLoss(2, reduction="average")


def test_texts_without_tokens_have_a_finite_loss_by_volume():
    log_probs = torch.randn(2, 5, 4).log_softmax(-1)
    loss = CTCLoss(num_classes=3, reduction="mean_volume")
    lengths = {"input_lengths": torch.tensor([5, 4]), "target_lengths": torch.tensor([0, 0])}
    found = loss(log_probs=log_probs, targets=torch.zeros(2, 1, dtype=torch.long), **lengths)
    assert torch.allclose(found, -log_probs[0, :, 3].sum() - log_probs[1, :4, 3].sum())
