"""Beam search with a language model of the target: shallow fusion (Gulcehre et al., 2015, arXiv 1503.03535)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nemo.collections.common.transformer.generation.beam import BeamSearchSequenceGenerator
from nemo.collections.common.transformer.generation.scorer import TokenScorer


class LanguageModelScorer:
    """Next tokens by a language model, which reads each text anew.

    Args:
        language_model: ``model(tokens [rows, L], mask [rows, L])`` -> log-probabilities [rows, L, V], each of the token
            after the one at its place.
        utterances: rows at first.
    """

    def __init__(self, language_model: Any, utterances: int) -> None:
        self._model = language_model
        self._tokens = torch.zeros(utterances, 0, dtype=torch.long)

    def advance(self, tokens: Tensor) -> Tensor:
        """Adds the newest tokens [rows, L] and gives log-probabilities [rows, V] of the token after them."""
        self._tokens = torch.cat([self._tokens.to(tokens.device), tokens], dim=1)
        log_probs: Tensor = self._model(self._tokens, torch.ones_like(self._tokens))[:, -1]
        return log_probs

    def select(self, rows: Tensor) -> None:
        """Goes on with these rows."""
        self._tokens = self._tokens[rows]


class FusedScorer:
    """Log-probabilities of a scorer, and those of another times a factor; as many tokens as both know.

    Args:
        scorer: of the translation.
        other: of the language.
        factor: how much the other counts.
    """

    def __init__(self, scorer: TokenScorer, other: TokenScorer, factor: float) -> None:
        self._scorer, self._other, self._factor = scorer, other, factor

    def advance(self, tokens: Tensor) -> Tensor:
        """Adds the newest tokens [rows, L] and gives scores [rows, V] of the token after them."""
        own, other = self._scorer.advance(tokens), self._other.advance(tokens)
        known = min(own.shape[-1], other.shape[-1])  # sizes that were rounded up differ in tokens that do not exist
        return own[:, :known] + self._factor * other[:, :known]

    def select(self, rows: Tensor) -> None:
        """Goes on with these rows; the rows of an utterance stay together, as many for each."""
        self._scorer.select(rows)
        self._other.select(rows)


class BeamSearchSequenceGeneratorWithLanguageModel(BeamSearchSequenceGenerator):
    """Generates by beam search, where a language model has a say.

    Args:
        language_model: see :class:`LanguageModelScorer`.
        fusion_coef: how much it counts; 0: nothing.
        *args: of :class:`~nemo.collections.common.transformer.generation.beam.BeamSearchSequenceGenerator`.
        **kwargs: the same.
    """

    def __init__(self, language_model: Any, fusion_coef: float = 0.0, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language_model = language_model
        self.fusion_coef = fusion_coef

    def _modules(self) -> tuple[Any, ...]:
        return *super()._modules(), self.language_model

    def _scorer(self, encoder_states: Tensor, encoder_mask: Tensor | None, capacity: int) -> TokenScorer:
        own = super()._scorer(encoder_states, encoder_mask, capacity)
        return FusedScorer(own, LanguageModelScorer(self.language_model, len(encoder_states)), self.fusion_coef)
