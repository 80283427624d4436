"""Transducer loss, forward and backward: 4 utterances of 100 frames and 40 tokens, 29 classes.

Compared with a loop over the places of the lattice in PyTorch with its own gradients, and with the original's releases
on two cores of the same kind, whose time is that of their CPU code. Then the memory that a larger batch takes.
"""

import resource

import torch

from benchmarks.measure import compare, emit, emit_ratio
from nemo.collections.asr.losses.rnnt import RNNTLoss

ORIGINAL_SECONDS = 3.25


def lattice(frames, tokens, classes, batch=4):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(batch, frames, tokens + 1, classes, generator=generator)
    targets = torch.randint(0, classes - 1, (batch, tokens), generator=generator)
    return logits, targets, torch.full((batch,), frames), torch.full((batch,), tokens)


def plain_loss(logits, targets, frames, tokens):
    """The forward recursion of Graves, 2012, place by place, of all utterances together."""
    log_probs = logits.log_softmax(-1)
    blank = log_probs[..., -1]
    emit_scores = log_probs[:, :, :-1].gather(3, targets[:, None, :, None].expand(-1, log_probs.shape[1], -1, 1))[
        ..., 0
    ]
    alpha = {(0, 0): logits.new_zeros(len(logits))}
    for time in range(int(frames.max())):
        for place in range(int(tokens.max()) + 1):
            ways = []
            if time > 0:
                ways.append(alpha[time - 1, place] + blank[:, time - 1, place])
            if place > 0:
                ways.append(alpha[time, place - 1] + emit_scores[:, time, place - 1])
            if ways:
                alpha[time, place] = torch.logsumexp(torch.stack(ways), dim=0)
    last = int(frames.max()) - 1, int(tokens.max())
    return -(alpha[last] + blank[:, last[0], last[1]]).mean()


def step(loss, arguments):
    """Loss and gradients with respect to the logits."""
    logits = arguments[0].clone().requires_grad_(True)
    value = loss(logits, *arguments[1:])
    value.backward()
    return value.item(), logits.grad


def main():
    def our_loss(logits, targets, frames, tokens):
        loss = RNNTLoss(num_classes=logits.shape[-1] - 1)
        return loss(log_probs=logits, targets=targets, input_lengths=frames, target_lengths=tokens)

    arguments = lattice(100, 40, 29)
    one, two = step(our_loss, arguments), step(plain_loss, arguments)
    assert abs(one[0] - two[0]) < 1e-3 * one[0]
    torch.testing.assert_close(one[1], two[1], rtol=1e-3, atol=1e-5)
    timings = compare(
        {"ours": lambda: step(our_loss, arguments), "plain": lambda: step(plain_loss, arguments)}, repetitions=3
    )
    emit_ratio("rnnt_loss", timings["ours"], timings["plain"], limit=0.1)
    timing = timings["ours"]
    emit("rnnt_loss_original", timing.median / ORIGINAL_SECONDS, unit="ratio", limit=0.25, reference=ORIGINAL_SECONDS, timing=timing)  # fmt: skip  # noqa: E501
    logits = lattice(200, 60, 512)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step(our_loss, logits)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    size = logits[0].numel() * 4
    # the clone of the logits, and their gradient
    emit("rnnt_loss_memory", grown / size, unit="times the logits", limit=4.0, reference=size)


if __name__ == "__main__":
    main()
