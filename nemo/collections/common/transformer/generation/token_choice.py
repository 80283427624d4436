"""Which token comes next: drawn by chance from those that are probable enough."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError


def nucleus(log_probs: Tensor, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Log-probabilities of the tokens that may be drawn; the others become minus infinity.

    Top-p (Holtzman et al., 2020, https://arxiv.org/abs/1904.09751) keeps the fewest most probable tokens whose
    probabilities sum up to `top_p` or more; with `top_k` the k most probable ones are taken first.

    Args:
        log_probs: [rows, V].
        top_k: 0: all.
        top_p: 1: all.

    Returns:
        [rows, V]; they sum up to 1 where nothing was left out.
    """
    if 0 < top_k < log_probs.shape[-1]:
        smallest = log_probs.topk(top_k, dim=-1).values[:, -1:]
        log_probs = log_probs.masked_fill(log_probs < smallest, float("-inf")).log_softmax(dim=-1)
    if top_p < 1.0:
        ordered, places = log_probs.sort(dim=-1, descending=True)
        before = ordered.exp().cumsum(dim=-1) - ordered.exp()
        # the first token is kept whatever top_p is
        is_left_out = (before >= top_p).index_fill(-1, torch.zeros(1, dtype=torch.long, device=before.device), False)
        log_probs = log_probs.masked_fill(is_left_out.gather(-1, places.argsort(dim=-1)), float("-inf"))
    return log_probs


def drawing(
    temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0, generator: torch.Generator | None = None
) -> Callable[[Tensor], Tensor]:
    """A choice for :func:`~nemo.collections.common.transformer.generation.greedy.greedy_search` that draws tokens.

    Args:
        temperature: below 1 probable tokens come more often, above 1 less often.
        top_k: draw from the k most probable tokens; 0: from all.
        top_p: draw from the fewest tokens that have this probability together; 1: from all.
        generator: on the device of the log-probabilities; None: PyTorch's own.

    Raises:
        ConfigError: a number that means nothing.
    """
    if not temperature > 0 or top_k < 0 or not 0 < top_p <= 1:
        raise ConfigError(
            f"temperature is {temperature}, top_k {top_k} and top_p {top_p}. Expected a temperature above 0, top_k of "
            "0 or more, and top_p above 0 and up to 1; for the most probable token each time decode greedily."
        )

    def draw(log_probs: Tensor) -> Tensor:
        kept = nucleus((log_probs / temperature).log_softmax(dim=-1), top_k, top_p)
        return torch.multinomial(kept.softmax(dim=-1), 1, generator=generator)[:, 0]

    return draw
