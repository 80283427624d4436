"""Texts by chance: each token is drawn from the most probable ones (Fan et al., 2018, https://arxiv.org/abs/1805.04833)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nemo.collections.common.transformer.generation.generator import Generated, SequenceGenerator
from nemo.collections.common.transformer.generation.greedy import greedy_search
from nemo.collections.common.transformer.generation.scorer import TokenScorer


class TopKSequenceGenerator(SequenceGenerator):
    """Draws each token from the `beam_size` most probable ones.

    Args:
        embedding: of tokens.
        decoder: on the embedding.
        log_softmax: states -> log-probabilities.
        beam_size: tokens to draw from.
        temperature: below 1 probable tokens come more often, above 1 less often.
        **kwargs: the other arguments of :class:`SequenceGenerator`.
    """

    def __init__(
        self,
        embedding: Any,
        decoder: Any,
        log_softmax: Any,
        beam_size: int = 1,
        temperature: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(embedding, decoder, log_softmax, **kwargs)
        self.beam_size = beam_size
        self.temperature = temperature

    def _search(self, scorer: TokenScorer, first_tokens: Tensor, limits: Tensor) -> Generated:
        return greedy_search(scorer, first_tokens, limits, self.eos, self.pad, self._draw)

    def _draw(self, log_probs: Tensor) -> Tensor:
        best, tokens = log_probs.topk(min(self.beam_size, log_probs.shape[-1]), dim=-1)
        drawn = torch.multinomial(best.softmax(dim=-1), 1)
        return tokens.gather(1, drawn)[:, 0]
