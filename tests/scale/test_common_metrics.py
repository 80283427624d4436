"""Metrics of two processes with uneven data are those of one process with all of it."""

import os

import pytest
import torch

from nemo.collections.common.metrics import GlobalAverageLossMetric, Perplexity, TopKClassificationAccuracy
from tests.scale.processes import run_processes

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(9, 6, generator=GENERATOR)
LABELS = torch.randint(6, (9,), generator=GENERATOR)
SHARES = {1: [slice(0, 9)], 2: [slice(0, 2), slice(2, 9)]}
"""Number of processes -> the samples of each."""


def measure():
    """The job: updates each metric with the share of this process, one sample at a time, and computes it."""
    processes, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    if processes > 1:
        torch.distributed.init_process_group("gloo")
    accuracy, loss, perplexity = TopKClassificationAccuracy([1, 3]), GlobalAverageLossMetric(), Perplexity()
    share = SHARES[processes][rank]
    for logits, label in zip(LOGITS[share], LABELS[share], strict=True):
        accuracy.update(logits.unsqueeze(0), label.unsqueeze(0))
        loss.update(logits.mean(), int(label) + 1)
        perplexity.update(logits=logits.unsqueeze(0))
    return [value.item() for value in (*accuracy.compute(), loss.compute(), perplexity.compute())]


def test_two_processes_measure_what_one_does(tmp_path):
    (alone,) = run_processes(measure, 1, tmp_path / "one")
    together = run_processes(measure, 2, tmp_path / "two")
    for results in together:
        assert results == pytest.approx(alone, rel=1e-6)
    top_1 = (LOGITS.argmax(-1) == LABELS).float().mean().item()
    assert alone[0] == pytest.approx(top_1)
