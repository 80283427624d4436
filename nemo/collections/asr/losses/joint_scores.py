"""The few scores of a transducer's joint network that a loss needs, without a copy of all of them.

The joint gives [B, T, U + 1, K] logits, by far the largest tensor of training. Only the blanks' and the next token's
log-probabilities are needed; their gradient is written into one buffer of the logits' size.
B batch, T frames, U tokens, K classes, L blanks.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def precise_type(x: Tensor) -> torch.dtype:
    """What sums over `x` are computed in: float32, and float64 for float64."""
    return torch.promote_types(x.dtype, torch.float32)


def joint_scores(logits: Tensor, targets: Tensor, blanks: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of blanks and of the next token.

    Args:
        logits: [B, T, U + 1, K]; log-probabilities are logits, too.
        targets: [B, U] the tokens.
        blanks: [L] classes.

    Returns:
        [B, T, U + 1, L], and [B, T, U + 1] whose last place of U + 1 means nothing.
    """
    result: tuple[Tensor, Tensor] = _JointScores.apply(logits, targets, blanks)
    return result


class _JointScores(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, blanks: Tensor) -> tuple[Tensor, Tensor]:
        precise = precise_type(logits)
        normaliser = torch.logsumexp(logits.to(precise), dim=-1)
        following = _following(targets, logits)
        ctx.save_for_backward(logits, normaliser, following, blanks)
        token = logits.gather(3, following)[..., 0].to(precise) - normaliser
        return logits[..., blanks].to(precise) - normaliser[..., None], token

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_blank: Tensor, grad_token: Tensor) -> tuple[Tensor | None, ...]:
        logits, normaliser, following, blanks = ctx.saved_tensors
        grad = (logits.to(normaliser.dtype) - normaliser[..., None]).exp_()
        grad *= -(grad_blank.sum(dim=3) + grad_token)[..., None]
        grad.index_add_(3, blanks, grad_blank)
        grad.scatter_add_(3, following, grad_token[..., None])
        return grad.to(logits.dtype), None, None


def _following(targets: Tensor, logits: Tensor) -> Tensor:
    """[B, T, U + 1, 1]: the token that comes next at each place."""
    batch, frames, places, _ = logits.shape
    following = targets.new_zeros(batch, places, dtype=torch.int64)
    known = min(targets.shape[1], places - 1)
    following[:, :known] = targets[:, :known]
    return following[:, None, :, None].expand(batch, frames, places, 1)
