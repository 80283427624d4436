import torch
from torchmetrics.functional.classification import multiclass_accuracy

from nemo.collections.asr.metrics.class_counts import class_counts, macro_accuracy


def test_macro_accuracy_of_two_batches_is_torchmetrics_of_both():
    labels, predicted = torch.randint(0, 4, (2, 200))
    sums = [class_counts(predicted[part], labels[part], 4) for part in (slice(150), slice(150, None))]
    recognised, total = (torch.stack(each).sum(0) for each in zip(*sums, strict=True))
    assert torch.isclose(macro_accuracy(recognised, total), multiclass_accuracy(predicted, labels, 4, average="macro"))


def test_classes_without_examples_are_left_out():
    assert macro_accuracy(torch.tensor([1, 0, 0]), torch.tensor([2, 0, 1])) == 0.25
    assert macro_accuracy(torch.zeros(3), torch.zeros(3)) == 0
