import math

import numpy as np
import pytest
import torch

from nemo.collections.nlp.metrics.glue_scores import glue_scores

PREDICTIONS = torch.tensor([1, 0, 1, 1, 0, 0, 1, 0])
LABELS = torch.tensor([1, 0, 0, 1, 1, 0, 1, 0])
TP, TN, FP, FN = 3, 3, 1, 1


def test_cola_is_judged_by_matthews_correlation():
    expected = (TP * TN - FP * FN) / math.sqrt((TP + FP) * (TP + FN) * (TN + FP) * (TN + FN))
    assert float(glue_scores("cola", PREDICTIONS, LABELS)["mcc"]) == pytest.approx(expected)


@pytest.mark.parametrize("task", ["mrpc", "QQP"])
def test_paraphrases_are_judged_by_accuracy_and_f1(task):
    scores = glue_scores(task, PREDICTIONS, LABELS)
    assert float(scores["acc"]) == 6 / 8
    assert float(scores["f1"]) == pytest.approx(2 * TP / (2 * TP + FP + FN))
    assert float(scores["acc_and_f1"]) == pytest.approx((6 / 8 + 6 / 8) / 2)


def test_similarity_is_judged_by_two_correlations():
    found = torch.tensor([0.1, 2.0, 2.5, 4.0, 3.0])
    labels = torch.tensor([0.0, 1.0, 3.0, 4.0, 5.0])
    scores = glue_scores("sts-b", found, labels)
    ranks = [np.argsort(np.argsort(values.numpy())) for values in (found, labels)]
    assert float(scores["pearson"]) == pytest.approx(np.corrcoef(found, labels)[0, 1])
    assert float(scores["spearmanr"]) == pytest.approx(np.corrcoef(*ranks)[0, 1])
    assert float(scores["corr"]) == pytest.approx(float(scores["pearson"] + scores["spearmanr"]) / 2)


@pytest.mark.parametrize("task", ["sst-2", "mnli", "qnli", "rte", "wnli"])
def test_the_others_are_judged_by_accuracy(task):
    assert {name: float(score) for name, score in glue_scores(task, PREDICTIONS, LABELS).items()} == {"acc": 0.75}
