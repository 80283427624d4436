"""What a search asks a decoder: how probable each token is as the next one of each hypothesis."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from nemo.collections.common.transformer.cache import GROWTH
from nemo.collections.common.transformer.decoder import TransformerDecoder
from nemo.collections.common.transformer.embedding import TransformerEmbedding
from nemo.collections.common.transformer.encoder import TransformerEncoder


class TokenScorer(Protocol):
    """Scores next tokens. It remembers the tokens of every row; at first there is one row for each utterance."""

    def advance(self, tokens: Tensor) -> Tensor:
        """Adds the newest tokens [rows, L] and gives log-probabilities [rows, V] of the token after them."""

    def select(self, rows: Tensor) -> None:
        """Goes on with these rows; the rows of an utterance stay together, as many for each."""


class CachedScorer:
    """A decoder and a classifier of its states, with keys and values kept from step to step.

    Args:
        embedding: of tokens.
        decoder: on the embedding.
        classifier: states -> log-probabilities, or logits.
        encoder_states: [B, S, H].
        encoder_mask: [B, S], true or 1 where there is no padding; None: everywhere.
        capacity: tokens that are expected.
        temperature: divides the log-probabilities, which are then normalised again.
    """

    def __init__(
        self,
        embedding: TransformerEmbedding,
        decoder: TransformerDecoder,
        classifier: Any,
        encoder_states: Tensor,
        encoder_mask: Tensor | None,
        capacity: int = GROWTH,
        temperature: float = 1.0,
    ) -> None:
        self._embedding, self._decoder, self._classifier = embedding, decoder, classifier
        self._cache = decoder.start(encoder_states, encoder_mask, capacity)
        self._temperature = temperature
        self._normalises = temperature != 1.0 or not getattr(classifier, "log_softmax", False)

    def advance(self, tokens: Tensor) -> Tensor:
        """Adds the newest tokens [rows, L] and gives log-probabilities [rows, V] of the token after them."""
        states = self._decoder.step(self._embedding(tokens, start_pos=self._cache.length), self._cache)
        scores: Tensor = self._classifier(hidden_states=states[:, -1:])[:, 0]
        return (scores / self._temperature).log_softmax(dim=-1) if self._normalises else scores

    def select(self, rows: Tensor) -> None:
        """Goes on with these rows; the rows of an utterance stay together, as many for each."""
        self._cache.select(rows)


class CausalScorer:
    """A language model: an encoder that does not look ahead and a classifier of its states, with a cache.

    Args:
        embedding: of tokens.
        encoder: on the embedding, with `mask_future`.
        classifier: states -> log-probabilities, or logits.
        vocab_size: tokens that exist; classes above have no probability. None: all classes are tokens.
        capacity: tokens that are expected.
    """

    def __init__(
        self,
        embedding: TransformerEmbedding,
        encoder: TransformerEncoder,
        classifier: Any,
        vocab_size: int | None = None,
        capacity: int = GROWTH,
    ) -> None:
        self._embedding, self._encoder, self._classifier = embedding, encoder, classifier
        self._vocab_size = vocab_size
        self._cache = encoder.start(capacity)

    def advance(self, tokens: Tensor) -> Tensor:
        """Adds the newest tokens [rows, L] and gives log-probabilities [rows, V] of the token after them."""
        states = self._encoder.step(self._embedding(tokens, start_pos=self._cache.length), self._cache)
        scores: Tensor = self._classifier(hidden_states=states[:, -1:])[:, 0]
        return scores[:, : self._vocab_size].log_softmax(dim=-1)

    def select(self, rows: Tensor) -> None:
        """Goes on with these rows; a row may come several times."""
        self._cache.select(rows)
