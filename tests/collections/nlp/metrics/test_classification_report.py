import pytest
import torch

from nemo.collections.nlp.metrics.classification_report import ClassificationReport
from nemo.utils.exceptions import ConfigError

PREDICTIONS = torch.tensor([0, 0, 1, 2, 2, 2, 1])
LABELS = torch.tensor([0, 1, 1, 2, 2, 0, 2])


def brute_force(predictions, labels, index):
    """Precision, recall and F1 in percent of one class, by their definitions."""
    pairs = list(zip(predictions.tolist(), labels.tolist(), strict=True))
    tp = sum(p == index == t for p, t in pairs)
    given, there = sum(p == index for p, _ in pairs), sum(t == index for _, t in pairs)
    precision, recall = tp / given if given else 0.0, tp / there if there else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return 100 * precision, 100 * recall, 100 * f1


def test_a_call_gives_the_counts_of_the_batch():
    report = ClassificationReport(3)
    tp, fn, fp, support = report(PREDICTIONS, LABELS)
    assert tp.tolist() == [1, 1, 2]
    assert fn.tolist() == [1, 1, 1]
    assert fp.tolist() == [1, 1, 1]
    assert support.tolist() == [2, 2, 3]
    assert report(PREDICTIONS, LABELS)[0].tolist() == [1, 1, 2]  # of this batch, not of both
    assert report.tp.tolist() == [2, 2, 4]
    assert report.total_examples == 14


def test_all_gives_each_class():
    report = ClassificationReport(3, mode="all")
    report.update(PREDICTIONS, LABELS)
    found = torch.stack(report.compute()[:3], dim=1)
    expected = torch.tensor([brute_force(PREDICTIONS, LABELS, index) for index in range(3)])
    torch.testing.assert_close(found, expected)


def test_averages_follow_their_definitions():
    each = torch.tensor([brute_force(PREDICTIONS, LABELS, index) for index in range(3)])
    weights = torch.tensor([2.0, 2.0, 3.0]) / 7
    accuracy = 100 * (PREDICTIONS == LABELS).float().mean()
    expected = {"macro": each.mean(dim=0), "weighted": weights @ each, "micro": accuracy.repeat(3)}
    for mode, scores in expected.items():
        report = ClassificationReport(3, mode=mode)
        report.update(PREDICTIONS[:4], LABELS[:4])
        report.update(PREDICTIONS[4:], LABELS[4:])
        torch.testing.assert_close(torch.stack(report.compute()[:3]), scores)


def test_a_class_without_examples_does_not_lower_the_macro_average():
    report = ClassificationReport(4, mode="macro")
    report.update(torch.tensor([0, 1]), torch.tensor([0, 1]))
    assert [float(score) for score in report.compute()[:3]] == [100.0, 100.0, 100.0]


def test_counts_of_elsewhere_give_the_same_and_leave_the_report_empty():
    report = ClassificationReport(3, mode="macro")
    counts = report(PREDICTIONS, LABELS)
    direct = report.compute()
    summed = report.of_counts(*counts)
    assert summed[3] == direct[3]
    torch.testing.assert_close(torch.stack(summed[:3]), torch.stack(direct[:3]))
    assert report.tp.sum() == 0


def test_the_text_names_each_class_with_its_support():
    report = ClassificationReport(3, label_ids={"music": 0, "weather": 1, "table": 2})
    report.update(PREDICTIONS, LABELS)
    text = report.compute()[3]
    row = next(line for line in text.splitlines() if line.startswith("weather (label_id: 1)"))
    assert row.split()[-4:] == ["50.00", "50.00", "50.00", "2"]
    assert "macro avg" in text


@pytest.mark.parametrize(
    "given", [{"mode": "best"}, {"num_classes": 0}, {"label_ids": {"a": 3}}], ids=["mode", "classes", "labels"]
)
def test_what_cannot_be_is_refused(given):
    with pytest.raises(ConfigError):
        ClassificationReport(**{"num_classes": 3, **given})
