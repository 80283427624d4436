"""Transducer losses and their gradients against sums over alignments that are written out one by one."""

import pytest
import torch

from nemo.collections.asr.losses.rnnt import MultiblankRNNTLossPytorch, RNNTLoss, RNNTLossPytorch, TDTLossPytorch
from nemo.utils.exceptions import ConfigError, ShapeError

KINDS = {
    "rnnt": {"num_classes": 4, "loss_name": "default"},
    "tdt": {
        "num_classes": 4,
        "loss_name": "tdt",
        "loss_kwargs": {"durations": [0, 1, 2, 3], "sigma": 0.05, "omega": 0.0},
    },
    "multiblank": {
        "num_classes": 6,
        "loss_name": "multiblank_rnnt",
        "loss_kwargs": {"big_blank_durations": [2, 4], "sigma": 0.05},
    },
}
OUTPUTS = {"rnnt": 5, "tdt": 9, "multiblank": 7}


def by_enumeration(kind, logits, target):
    """Minus the log of the sum over all alignments of one utterance [T, U + 1, K], each followed to its end."""
    frames, tokens = logits.shape[0], len(target)
    alignments = []

    def moves(t, u):
        scores = logits[t, u]
        if kind == "tdt":
            words, lasting = scores[:5].log_softmax(0) - 0.05, scores[5:].log_softmax(0)
            for place, duration in enumerate([0, 1, 2, 3]):
                if duration:
                    yield t + duration, u, words[4] + lasting[place]
                if u < tokens:
                    yield t + duration, u + 1, words[target[u]] + lasting[place]
            return
        words = scores.log_softmax(0) - (0.05 if kind == "multiblank" else 0.0)
        blank = 6 if kind == "multiblank" else 4
        yield t + 1, u, words[blank]
        if kind == "multiblank":
            yield t + 2, u, words[5]
            yield t + 4, u, words[4]
        if u < tokens:
            yield t, u + 1, words[target[u]]

    def follow(t, u, total):
        for next_t, next_u, score in moves(t, u):
            is_stay = next_u == u
            if next_t == frames and next_u == tokens and is_stay:
                alignments.append(total + score)
            elif next_t < frames:
                follow(next_t, next_u, total + score)

    follow(0, 0, torch.zeros((), dtype=logits.dtype))
    return -torch.logsumexp(torch.stack(alignments), 0)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradient_of_a_hundred_lattices(kind):
    loss = RNNTLoss(reduction="none", **KINDS[kind])
    for trial in range(25):
        generator = torch.Generator().manual_seed(trial)
        frames = torch.randint(2, 6, (4,), generator=generator)
        tokens = torch.randint(0, 3, (4,), generator=generator)
        tokens[0] = 2
        logits = 2 * torch.randn(4, 5, 3, OUTPUTS[kind], dtype=torch.float64, generator=generator)
        targets = torch.randint(0, 4, (4, 2), generator=generator)
        theirs = logits.clone().requires_grad_()
        expected = torch.stack(
            [
                by_enumeration(kind, theirs[row, :f, : u + 1], targets[row, :u].tolist())
                for row, (f, u) in enumerate(zip(frames.tolist(), tokens.tolist(), strict=True))
            ]
        )
        ours = logits.float().requires_grad_()
        found = loss(log_probs=ours, targets=targets, input_lengths=frames, target_lengths=tokens)
        assert torch.allclose(found.double(), expected, atol=2e-5)
        weights = torch.tensor([1.0, 2.0, 0.5, 3.0])
        (found * weights).sum().backward()
        (expected * weights).sum().backward()
        assert torch.allclose(ours.grad.double(), theirs.grad, atol=5e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_a_hundred_lattices_are_finite_differences(kind):
    loss = RNNTLoss(reduction="none", **KINDS[kind])
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        shape = (5, 6, 4, OUTPUTS[kind])
        logits, direction = (torch.randn(shape, dtype=torch.float64, generator=generator) for _ in range(2))
        arguments = {
            "targets": torch.randint(0, 4, (5, 3), generator=generator),
            "input_lengths": torch.tensor([6, 4, 3, 5, 2]),
            "target_lengths": torch.randint(0, 3, (5,), generator=generator),
        }
        logits.requires_grad_()
        loss(log_probs=logits, **arguments).sum().backward()
        found = (logits.grad * direction).sum(dim=(1, 2, 3))
        with torch.no_grad():
            ahead, behind = (loss(log_probs=logits + step * direction, **arguments) for step in (1e-5, -1e-5))
        torch.testing.assert_close(found, (ahead - behind) / 2e-5, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_normalised_outputs_and_padding_change_nothing(kind):
    loss = RNNTLoss(reduction="none", **KINDS[kind])
    logits, targets = torch.randn(2, 7, 4, OUTPUTS[kind]), torch.randint(0, 4, (2, 3))
    lengths = {"input_lengths": torch.tensor([7, 4]), "target_lengths": torch.tensor([3, 1])}
    found = loss(log_probs=logits, targets=targets, **lengths)
    if kind != "tdt":
        assert torch.allclose(loss(log_probs=logits.log_softmax(-1), targets=targets, **lengths), found, atol=1e-5)
    alone = loss(
        log_probs=logits[1:, :4, :2],
        targets=targets[1:, :1],
        input_lengths=torch.tensor([4]),
        target_lengths=torch.tensor([1]),
    )
    assert torch.allclose(alone[0], found[1], atol=1e-5)


def test_an_impossible_target_is_infinite_and_has_no_gradient():
    options = {"num_classes": 4, "loss_name": "tdt", "loss_kwargs": {"durations": [2, 4]}}
    logits = torch.randn(1, 3, 2, 7, requires_grad=True)
    found = RNNTLoss(reduction="sum", **options)(
        log_probs=logits, targets=torch.tensor([[1]]), input_lengths=torch.tensor([3]), target_lengths=torch.tensor([1])
    )
    assert torch.isinf(found)
    found.backward()
    assert torch.equal(logits.grad, torch.zeros_like(logits))


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("sum", lambda losses, u: losses.sum()),
        ("mean_batch", lambda losses, u: losses.mean()),
        ("mean", lambda losses, u: (losses / u).mean()),
        ("mean_volume", lambda losses, u: losses.sum() / u.sum()),
    ],
)
def test_reductions(reduction, expected):
    arguments = {
        "log_probs": torch.randn(2, 5, 4, 5),
        "targets": torch.randint(0, 4, (2, 3)),
        "input_lengths": torch.tensor([5, 4]),
        "target_lengths": torch.tensor([3, 2]),
    }
    losses = RNNTLoss(4, reduction=None)(**arguments)
    found = RNNTLoss(4, reduction=reduction)(**arguments)
    assert torch.allclose(found, expected(losses, arguments["target_lengths"]))


@pytest.mark.parametrize("reduction", ["mean", "mean_volume", "mean_batch", "sum"])
def test_texts_without_tokens_have_finite_losses_and_gradients(reduction):
    logits = torch.randn(2, 5, 1, 5, requires_grad=True)
    lengths = {"input_lengths": torch.tensor([5, 4]), "target_lengths": torch.tensor([0, 0])}
    loss = RNNTLoss(4, reduction=reduction)(log_probs=logits, targets=torch.zeros(2, 0, dtype=torch.long), **lengths)
    blanks = logits.detach().log_softmax(-1)[..., 0, 4]
    each = torch.stack([-blanks[0].sum(), -blanks[1, :4].sum()])
    expected = each.sum() if reduction in ("sum", "mean_volume") else each.mean()
    assert float(loss.detach()) == pytest.approx(float(expected), rel=1e-5)
    loss.backward()
    assert torch.isfinite(logits.grad).all()


def test_fastemit_and_clamp_act_on_the_gradient_only():
    def gradient(**options):
        logits = torch.linspace(-1, 1, 60).view(1, 4, 3, 5).requires_grad_()
        arguments = {"targets": torch.tensor([[1, 2]]), "input_lengths": torch.tensor([4])}
        value = RNNTLoss(4, loss_kwargs=options)(log_probs=logits, target_lengths=torch.tensor([2]), **arguments)
        value.backward()
        return float(value.detach()), logits.grad

    plain, clamped, fast = gradient(), gradient(clamp=0.05), gradient(fastemit_lambda=0.5)
    assert plain[0] == clamped[0] == fast[0]
    assert torch.allclose(clamped[1], plain[1].clamp(-0.05, 0.05))
    emission = plain[1][0, 0, 0, 1]  # the first token at the first place
    assert float(fast[1][0, 0, 0, 1]) < float(emission)


def test_omega_takes_the_plain_loss_of_the_same_outputs():
    arguments = {
        "log_probs": torch.randn(1, 5, 3, 9),
        "targets": torch.tensor([[1, 2]]),
        "input_lengths": torch.tensor([5]),
        "target_lengths": torch.tensor([2]),
    }
    always = RNNTLoss(4, loss_name="tdt", loss_kwargs={"durations": [0, 1, 2, 3], "omega": 1.0})(**arguments)
    plain = RNNTLoss(4)(**{**arguments, "log_probs": arguments["log_probs"][..., :5]})
    assert torch.allclose(always, plain)


def test_faults_are_told():
    for options, message in (
        ({"loss_name": "other"}, "loss_name is 'other'"),
        ({"reduction": "median"}, "rnnt_reduction is 'median'"),
        ({"loss_name": "tdt"}, "durations of the TDT loss are"),
        ({"loss_kwargs": {"sigmma": 1}}, "has sigmma"),
    ):
        with pytest.raises(ConfigError, match=message):
            RNNTLoss(4, **options)
    with pytest.raises(ShapeError, match=r"got joint outputs \[1, 5, 3, 6\] for 5 frames and 2 tokens"):
        RNNTLoss(4)(
            log_probs=torch.randn(1, 5, 3, 6),
            targets=torch.tensor([[1, 2]]),
            input_lengths=torch.tensor([5]),
            target_lengths=torch.tensor([2]),
        )


@pytest.mark.parametrize("kind", list(KINDS))
def test_losses_by_the_names_of_the_original(kind):
    torch.manual_seed(0)
    logits, targets = torch.randn(2, 5, 4, OUTPUTS[kind]), torch.tensor([[1, 2, 3], [3, 1, 0]])
    lengths = torch.tensor([5, 4]), torch.tensor([3, 2])
    given = KINDS[kind].get("loss_kwargs", {})
    sigma = given.get("sigma", 0.0)
    if kind == "tdt":
        loss = TDTLossPytorch(4, given["durations"], "none", sigma)
    elif kind == "multiblank":
        loss = MultiblankRNNTLossPytorch(6, given["big_blank_durations"], "none", sigma)
    else:
        loss = RNNTLossPytorch(blank=4, reduction="none")
    found = loss(acts=logits, labels=targets, act_lens=lengths[0], label_lens=lengths[1])
    for row in range(2):
        own = logits[row, : lengths[0][row], : lengths[1][row] + 1]
        expected = by_enumeration(kind, own, targets[row, : lengths[1][row]].tolist())
        assert found[row].item() == pytest.approx(expected.item(), abs=1e-4)
