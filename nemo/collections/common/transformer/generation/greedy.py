"""Greedy search: the most probable token at each step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nemo.collections.common.transformer.generation.generator import Generated, SequenceGenerator
from nemo.collections.common.transformer.generation.scorer import TokenScorer

Choice = Callable[[Tensor], Tensor]
"""Log-probabilities [rows, V] -> tokens [rows]."""


def greedy_search(
    scorer: TokenScorer, first_tokens: Tensor, limits: Tensor, eos: int, pad: int, choose: Choice | None = None
) -> Generated:
    """Adds one token after the other to each text.

    Args:
        scorer: says how probable tokens are.
        first_tokens: [B, P] with which the texts begin.
        limits: [B] most tokens to generate.
        eos: ends a text.
        pad: stands after the end.
        choose: how a token is chosen; None: the most probable.

    Returns:
        One text for each utterance.
    """
    batch, first = first_tokens.shape
    longest = int(limits.max())
    tokens = torch.full((batch, first + longest), pad, dtype=torch.long, device=first_tokens.device)
    tokens[:, :first] = first_tokens
    scores = torch.zeros(batch, device=first_tokens.device)
    lengths = torch.zeros(batch, dtype=torch.long, device=first_tokens.device)
    is_finished = torch.zeros(batch, dtype=torch.bool, device=first_tokens.device)
    newest = first_tokens
    end = first
    for step in range(longest):
        log_probs = scorer.advance(newest)
        chosen = log_probs.argmax(dim=-1) if choose is None else choose(log_probs)
        of_chosen = log_probs.gather(1, chosen[:, None])[:, 0].float()
        scores = scores + of_chosen.masked_fill(is_finished, 0.0)
        lengths = lengths + ~is_finished
        chosen = chosen.masked_fill(is_finished, pad)
        tokens[:, end] = chosen
        end += 1
        is_finished = is_finished | (chosen == eos) | (limits <= step + 1)
        if is_finished.all():
            break
        newest = chosen[:, None]
    return Generated(tokens[:, None, :end], scores[:, None], lengths[:, None])


class GreedySequenceGenerator(SequenceGenerator):
    """Generates the most probable token at each step; see :class:`SequenceGenerator` for the arguments."""

    def _search(self, scorer: TokenScorer, first_tokens: Tensor, limits: Tensor) -> Generated:
        return greedy_search(scorer, first_tokens, limits, self.eos, self.pad)
