"""Beam search: the K best texts so far go on together.

Scores are divided by a penalty of the length, ((5 + length) / 6) ** len_pen (Wu et al., 2016,
https://arxiv.org/abs/1609.08144), so that long texts are not at a disadvantage. All utterances of a batch, and their K
texts, are one batch of rows for the decoder: row b K + k is text k of utterance b.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nemo.collections.common.transformer.generation.generator import Generated, SequenceGenerator
from nemo.collections.common.transformer.generation.scorer import TokenScorer
from nemo.utils.exceptions import ConfigError


def length_penalty(lengths: Tensor, len_pen: float) -> Tensor:
    """What scores of texts of so many tokens are divided by; 1 where `len_pen` is 0."""
    return ((5.0 + lengths) / 6.0) ** len_pen


def beam_search(
    scorer: TokenScorer,
    first_tokens: Tensor,
    limits: Tensor,
    eos: int,
    pad: int,
    beam_size: int,
    len_pen: float = 0.0,
    mixes_first_states: bool = False,
) -> Generated:
    """Finds probable texts. With a beam as wide as there are texts it finds the best one.

    Args:
        scorer: says how probable tokens are.
        first_tokens: [B, P] with which the texts begin.
        limits: [B] most tokens to generate.
        eos: ends a text.
        pad: stands after the end.
        beam_size: K.
        len_pen: exponent of the length penalty.
        mixes_first_states: from the second token on, take the first ones' states from other utterances of the batch, as
            release 1 of the original did by mistake.

    Returns:
        K texts for each utterance.
    """
    beams = _Beams(first_tokens, limits, eos, pad, beam_size, len_pen)
    log_probs = scorer.advance(first_tokens)
    utterances = torch.arange(len(first_tokens), device=log_probs.device)
    if beam_size > 1:
        scorer.select(utterances.repeat_interleave(beam_size))
        log_probs = log_probs.repeat_interleave(beam_size, dim=0)
    for step in range(int(limits.max())):
        parents = beams.extend(log_probs)
        if beams.is_finished.all():
            break
        if mixes_first_states and step == 0:
            parents = utterances.repeat(beam_size) * beam_size
        if beam_size > 1:
            scorer.select(parents)
        log_probs = scorer.advance(beams.newest[:, None])
    return beams.result()


class _Beams:
    """The texts of a search, their scores and lengths."""

    def __init__(
        self, first_tokens: Tensor, limits: Tensor, eos: int, pad: int, beam_size: int, len_pen: float
    ) -> None:
        self.eos, self.pad, self.size, self.len_pen = eos, pad, beam_size, len_pen
        self.batch, self.first = first_tokens.shape
        device = first_tokens.device
        self.limits = limits[:, None]
        self.tokens = first_tokens[:, None].expand(-1, beam_size, -1)  # [B, K, L]
        # at first all texts are the same, and one of them counts
        self.scores = torch.full((self.batch, beam_size), float("-inf"), device=device)
        self.scores[:, 0] = 0.0
        self.lengths = torch.zeros(self.batch, beam_size, dtype=torch.long, device=device)
        self.is_finished = torch.zeros(self.batch, beam_size, dtype=torch.bool, device=device)
        self._first_row = torch.arange(self.batch, device=device)[:, None] * beam_size

    @property
    def newest(self) -> Tensor:
        """[B K] the last token of each text."""
        return self.tokens[:, :, -1].reshape(-1)

    def extend(self, log_probs: Tensor) -> Tensor:
        """Goes on with the K best continuations, by log-probabilities [B K, V]; gives the row [B K] each comes from."""
        best, tokens = log_probs.float().topk(min(self.size, log_probs.shape[-1]), dim=-1)
        width = best.shape[-1]
        best, tokens = best.view(self.batch, self.size, width), tokens.view(self.batch, self.size, width)
        # a finished text has one continuation: itself
        only = torch.full_like(best, float("-inf"))
        only[:, :, 0] = 0.0
        ended = self.is_finished[:, :, None]
        candidates = self.scores[:, :, None] + torch.where(ended, only, best)
        tokens = tokens.masked_fill(ended, self.pad)
        lengths = self.lengths + ~self.is_finished
        ranked = candidates / length_penalty(lengths + self.first, self.len_pen)[:, :, None]
        chosen = ranked.flatten(1).topk(self.size, dim=1).indices  # [B, K] of K x width continuations
        parents = chosen // width
        self.scores = candidates.flatten(1).gather(1, chosen)
        self.lengths = lengths.gather(1, parents)
        added = tokens.flatten(1).gather(1, chosen)
        before = self.tokens.gather(1, parents[:, :, None].expand(-1, -1, self.tokens.shape[2]))
        self.tokens = torch.cat([before, added[:, :, None]], dim=2)
        was_finished = self.is_finished.gather(1, parents)
        self.is_finished = was_finished | (added == self.eos) | (self.lengths >= self.limits)
        return (self._first_row + parents).view(-1)

    def result(self) -> Generated:
        """All texts, the best first."""
        ranked = self.scores / length_penalty(self.lengths + self.first, self.len_pen)
        order = ranked.argsort(dim=1, descending=True, stable=True)
        tokens = self.tokens.gather(1, order[:, :, None].expand_as(self.tokens))
        return Generated(tokens, self.scores.gather(1, order), self.lengths.gather(1, order))


class BeamSearchSequenceGenerator(SequenceGenerator):
    """Generates by beam search.

    Args:
        embedding: of tokens.
        decoder: on the embedding.
        log_softmax: states -> log-probabilities.
        beam_size: texts that go on together.
        len_pen: exponent of the length penalty; 0: none.
        **kwargs: the other arguments of :class:`SequenceGenerator`.

    Raises:
        ConfigError: a beam without texts.
    """

    def __init__(
        self, embedding: Any, decoder: Any, log_softmax: Any, beam_size: int = 1, len_pen: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(embedding, decoder, log_softmax, **kwargs)
        if beam_size < 1:
            raise ConfigError(f"beam_size is {beam_size}. Expected 1 or more; set it, or decode greedily.")
        self.beam_size = beam_size
        self.len_pen = len_pen

    def _search(self, scorer: TokenScorer, first_tokens: Tensor, limits: Tensor) -> Generated:
        return beam_search(
            scorer,
            first_tokens,
            limits + 1 if self.like_release_1 else limits,
            self.eos,
            self.pad,
            self.beam_size,
            self.len_pen,
            mixes_first_states=self.like_release_1,
        )
