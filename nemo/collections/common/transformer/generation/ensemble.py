"""Beam search by several models together: a token is as probable as they say on average.

The models may differ in size; they have one vocabulary. All of them see the same source.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nemo.collections.common.transformer.generation.beam import BeamSearchSequenceGenerator
from nemo.collections.common.transformer.generation.generator import Generated, capacity_for, evaluating
from nemo.collections.common.transformer.generation.language_model import FusedScorer, LanguageModelScorer
from nemo.collections.common.transformer.generation.scorer import CachedScorer, TokenScorer
from nemo.utils.exceptions import ConfigError


class EnsembleScorer:
    """The mean of the probabilities that several scorers give.

    Args:
        scorers: of one vocabulary.
    """

    def __init__(self, scorers: Sequence[TokenScorer]) -> None:
        self._scorers = list(scorers)

    def advance(self, tokens: Tensor) -> Tensor:
        """Adds the newest tokens [rows, L] and gives log-probabilities [rows, V] of the token after them."""
        log_probs = torch.stack([scorer.advance(tokens).float() for scorer in self._scorers])
        return log_probs.logsumexp(dim=0) - math.log(len(self._scorers))

    def select(self, rows: Tensor) -> None:
        """Goes on with these rows; the rows of an utterance stay together, as many for each."""
        for scorer in self._scorers:
            scorer.select(rows)


class EnsembleBeamSearchSequenceGenerator(BeamSearchSequenceGenerator):
    """Generates by beam search over several encoders and decoders.

    Args:
        encoders: each ``encoder(input_ids=..., encoder_mask=...)`` -> states.
        embeddings: of tokens, one for each model, as the next two.
        decoders: on the embeddings.
        log_softmaxes: states -> log-probabilities.
        beam_size: texts that go on together.
        len_pen: exponent of the length penalty; 0: none.
        language_model: adds its log-probabilities; see
            :class:`~nemo.collections.common.transformer.generation.language_model.LanguageModelScorer`.
        fusion_coef: how much it counts.
        **kwargs: the other arguments of
            :class:`~nemo.collections.common.transformer.generation.generator.SequenceGenerator`.

    Raises:
        ConfigError: no model, or not one part of each for each.
    """

    def __init__(
        self,
        encoders: Sequence[Any],
        embeddings: Sequence[Any],
        decoders: Sequence[Any],
        log_softmaxes: Sequence[Any],
        beam_size: int = 1,
        len_pen: float = 0.0,
        language_model: Any = None,
        fusion_coef: float | None = None,
        **kwargs: Any,
    ) -> None:
        counts = {len(parts) for parts in (encoders, embeddings, decoders, log_softmaxes)}
        if len(counts) != 1 or counts == {0}:
            raise ConfigError(
                f"An ensemble got {len(encoders)} encoders, {len(embeddings)} embeddings, {len(decoders)} decoders and "
                f"{len(log_softmaxes)} classifiers. Expected as many of each, at least one."
            )
        super().__init__(embeddings[0], decoders[0], log_softmaxes[0], beam_size, len_pen, **kwargs)
        self.encoders = list(encoders)
        self._decoders = list(zip(embeddings, decoders, log_softmaxes, strict=True))
        self.language_model, self.fusion_coef = language_model, fusion_coef or 0.0

    @torch.no_grad()
    def generate(  # type: ignore[override]  # of tokens, since each model has its own states
        self, src_ids: Tensor, encoder_mask: Tensor, first_tokens: Tensor | None = None
    ) -> Generated:
        """Generates.

        Args:
            src_ids: [B, S] tokens of the source.
            encoder_mask: [B, S], true or 1 where there is no padding.
            first_tokens: [B, P] with which the texts begin; None: the token `bos`.
        """
        with evaluating(*self.encoders, *(part for parts in self._decoders for part in parts), self.language_model):
            states = [encoder(input_ids=src_ids, encoder_mask=encoder_mask) for encoder in self.encoders]
            first_tokens, limits = self._begin(states[0], encoder_mask, first_tokens)
            capacity = capacity_for(first_tokens, limits)
            scorers = [
                CachedScorer(*parts, own_states, encoder_mask, capacity, self.temperature)
                for parts, own_states in zip(self._decoders, states, strict=True)
            ]
            scorer: TokenScorer = EnsembleScorer(scorers)
            if self.language_model is not None:
                scorer = FusedScorer(scorer, LanguageModelScorer(self.language_model, len(src_ids)), self.fusion_coef)
            return self._search(scorer, first_tokens, limits)

    def __call__(  # type: ignore[override]
        self,
        src_ids: Tensor,
        encoder_input_mask: Tensor,
        decoder_input_ids: Tensor | None = None,
        return_beam_scores: bool = False,
    ) -> Any:
        """The best text [B, L] of each source; with `return_beam_scores` all texts and scores as well."""
        result = self.generate(src_ids, encoder_input_mask, decoder_input_ids)
        if not return_beam_scores:
            return result.tokens[:, 0]
        return list(result.tokens), list(result.scores), result.tokens[:, 0]
