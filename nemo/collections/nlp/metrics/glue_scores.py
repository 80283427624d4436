"""What each task of GLUE is judged by."""

from __future__ import annotations

from torch import Tensor
from torchmetrics.functional import pearson_corrcoef, spearman_corrcoef
from torchmetrics.functional.classification import binary_f1_score, binary_matthews_corrcoef


def glue_scores(task_name: str, predictions: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Scores of the predictions of a whole set.

    Args:
        task_name: cola: Matthews correlation; sts-b: Pearson and Spearman correlation, and their mean; mrpc and qqp:
            accuracy, F1 of class 1, and their mean; all others: accuracy.
        predictions: [N] classes, or numbers for sts-b.
        labels: [N].

    Returns:
        Name -> scalar, accuracies and F1 between 0 and 1.
    """
    task = task_name.lower()
    if task == "sts-b":
        pearson = pearson_corrcoef(predictions.double(), labels.double())
        spearman = spearman_corrcoef(predictions.double(), labels.double())
        return {"pearson": pearson, "spearmanr": spearman, "corr": (pearson + spearman) / 2}
    if task == "cola":
        return {"mcc": binary_matthews_corrcoef(predictions, labels)}
    accuracy = (predictions == labels).double().mean()
    if task in ("mrpc", "qqp"):
        f1 = binary_f1_score(predictions, labels).double()
        return {"acc": accuracy, "f1": f1, "acc_and_f1": (accuracy + f1) / 2}
    return {"acc": accuracy}
