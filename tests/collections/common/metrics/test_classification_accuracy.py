"""Top-k accuracy, counted by hand."""

import pytest
import torch
from torchmetrics.functional.classification import multiclass_accuracy

from nemo.collections.common.metrics import TopKClassificationAccuracy, compute_topk_accuracy
from nemo.utils.exceptions import ConfigError

LOGITS = torch.tensor([[0.1, 0.3, 0.2, 0.0], [0.9, 0.2, 0.1, 0.3], [0.2, 0.1, 0.4, 0.3], [0.0, 0.3, 0.2, 0.1]])
LABELS = torch.tensor([2, 0, 1, 3])  # second, first, fourth, third likeliest


def test_counted_by_hand():
    metric = TopKClassificationAccuracy(top_k=[1, 2, 3, 4])
    metric.update(LOGITS, LABELS)
    assert [accuracy.item() for accuracy in metric.compute()] == [0.25, 0.5, 0.75, 1.0]
    assert metric.correct_counts_k.tolist() == [1, 2, 3, 4]
    assert metric.total_counts_k.tolist() == [4, 4, 4, 4]
    assert metric.top_k_predicted_labels(LOGITS)[0].tolist() == [1, 2, 0, 3]


def test_batches_of_different_size_and_reset():
    metric = TopKClassificationAccuracy()
    metric.update(LOGITS[:3], LABELS[:3])
    metric.update(LOGITS[3:], LABELS[3:])
    assert metric.top_k == [1]
    assert metric.compute()[0] == 0.25
    metric.reset()
    assert metric(LOGITS[1:2], LABELS[1:2])[0] == 1.0


def test_as_torchmetrics_computes_it():
    logits, labels = torch.randn(500, 10), torch.randint(10, (500,))
    metric = TopKClassificationAccuracy(top_k=[1, 5])
    ours = metric(logits, labels)
    theirs = [multiclass_accuracy(logits, labels, num_classes=10, average="micro", top_k=k) for k in (1, 5)]
    assert torch.allclose(torch.stack(ours), torch.stack(theirs))


def test_more_dims_and_fewer_classes_than_k():
    metric = TopKClassificationAccuracy(top_k=[1, 10])
    metric.update(LOGITS.reshape(2, 2, 4), LABELS.reshape(2, 2))
    assert [accuracy.item() for accuracy in metric.compute()] == [0.25, 1.0]


def test_counts_of_several_batches():
    correct, total = torch.tensor([[1, 2], [3, 3]]), torch.tensor([[4, 4], [4, 4]])
    assert [value.item() for value in compute_topk_accuracy(correct, total)] == [0.5, 0.625]
    assert [value.item() for value in compute_topk_accuracy(correct[0], total[0])] == [0.25, 0.5]


@pytest.mark.parametrize("top_k", [[], [0], [1, -1]])
def test_wrong_k(top_k):
    with pytest.raises(ConfigError, match="top_k"):
        TopKClassificationAccuracy(top_k=top_k)
