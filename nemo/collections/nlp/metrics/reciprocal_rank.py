"""How high the right one of several candidates is ranked."""

from __future__ import annotations

import torch
from torch import Tensor


def reciprocal_ranks(scores: Tensor, right: Tensor, cutoff: int | None = None) -> Tensor:
    """1 by the rank of the right candidate; their mean over queries is the MRR.

    A candidate with the same score counts as better, so that a model that scores all alike gains nothing.

    Args:
        scores: [N, C] of the candidates of N queries.
        right: [N] number of the right candidate.
        cutoff: a rank above it counts as 0, as 10 does in MRR@10.

    Returns:
        [N].
    """
    own = scores.gather(1, right[:, None])
    ranks = (scores >= own).sum(dim=1)
    found = 1.0 / ranks
    return found if cutoff is None else torch.where(ranks <= cutoff, found, 0.0)
