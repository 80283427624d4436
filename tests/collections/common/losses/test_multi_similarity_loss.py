"""Multi-similarity loss, against the paper's formulas written as loops."""

import math

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.common.losses import MultiSimilarityLoss


def by_loops(embeddings, labels, alpha=2.0, beta=40.0, offset=0.5, margin=0.1):
    """Equations 11, 12 and 15 of the paper; an anchor without a pair of both kinds counts as 0."""
    total = 0.0
    similarity = (embeddings @ embeddings.T).tolist()
    for i, row in enumerate(similarity):
        own = [s for j, s in enumerate(row) if labels[j] == labels[i] and j != i]
        other = [s for j, s in enumerate(row) if labels[j] != labels[i]]
        hard_own = [s for s in own if other and s - margin < max(other)]
        hard_other = [s for s in other if own and s + margin > min(own)]
        if hard_own and hard_other:
            total += math.log(1 + sum(math.exp(-alpha * (s - offset)) for s in hard_own)) / alpha
            total += math.log(1 + sum(math.exp(beta * (s - offset)) for s in hard_other)) / beta
    return total / len(labels)


@pytest.mark.parametrize("parameters", [(), (1.0, 10.0, 0.3, 0.5)])
def test_as_the_paper_writes_it(parameters):
    embeddings, labels = F.normalize(torch.randn(12, 4), dim=1), torch.arange(12) % 4
    loss = MultiSimilarityLoss(*parameters)(logits=embeddings, labels=labels)
    assert loss.item() == pytest.approx(by_loops(embeddings, labels.tolist(), *parameters), rel=1e-5)
    assert loss > 0


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 0, 0, 0]])
def test_no_pairs_are_no_loss_and_no_nan(labels):
    embeddings = F.normalize(torch.randn(4, 3), dim=1).requires_grad_()
    loss = MultiSimilarityLoss()(logits=embeddings, labels=torch.tensor(labels))
    loss.backward()
    assert (loss.item(), embeddings.grad.abs().sum().item()) == (0.0, 0.0)


def test_gradients_draw_one_label_together():
    embeddings = F.normalize(torch.randn(12, 4), dim=1).requires_grad_()
    labels = torch.arange(12) % 3
    loss = MultiSimilarityLoss()(logits=embeddings, labels=labels)
    loss.backward()
    assert embeddings.grad.isfinite().all()
    moved = F.normalize(embeddings.detach() - 0.1 * embeddings.grad, dim=1)
    assert MultiSimilarityLoss()(logits=moved, labels=labels) < loss
