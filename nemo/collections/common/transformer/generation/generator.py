"""What all ways of generating share: the decoder, the first tokens, how long a text may become, and the result."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.common.transformer.decoder import TransformerDecoder
from nemo.collections.common.transformer.embedding import TransformerEmbedding
from nemo.collections.common.transformer.generation.scorer import CachedScorer, TokenScorer
from nemo.utils.exceptions import ConfigError, ShapeError


@dataclass
class Generated:
    """The texts of a batch: K for each utterance, the best first."""

    tokens: Tensor
    """[B, K, L], the first tokens that were given included; filled up with the padding token."""
    scores: Tensor
    """[B, K] sums of log-probabilities of the tokens that were generated."""
    lengths: Tensor
    """[B, K] tokens that were generated, the end token included."""


class SequenceGenerator(ABC):
    """Generates the text of each utterance from the encoder's states.

    Args:
        embedding: of tokens.
        decoder: on the embedding.
        log_softmax: states -> log-probabilities.
        pad: token that fills up texts.
        bos: token that begins a text.
        eos: token that ends it.
        max_sequence_length: most tokens of a text, the first ones included.
        max_delta_length: a text has so many tokens more than there are encoder states, at most; negative: any number.
        batch_size: utterances, where there is no encoder; not used.
        like_release_1: do with batches as release 1 of the original does, for comparisons. Then a text depends on the
            others of its batch: the longest utterance's limit is that of all, and in beam search it is one token more,
            and the states of the first tokens are mixed up. Else each utterance is as it would be alone.
    """

    temperature = 1.0

    def __init__(
        self,
        embedding: TransformerEmbedding,
        decoder: TransformerDecoder,
        log_softmax: Any,
        pad: int = 0,
        bos: int = 1,
        eos: int = 2,
        max_sequence_length: int = 512,
        max_delta_length: int = 20,
        batch_size: int = 1,
        like_release_1: bool = False,
    ) -> None:
        self.embedding, self.decoder, self.log_softmax = embedding, decoder, log_softmax
        self.pad, self.bos, self.eos = pad, bos, eos
        self.max_seq_length, self.max_delta_len = max_sequence_length, max_delta_length
        self.batch_size = batch_size
        self.like_release_1 = like_release_1

    def __call__(
        self,
        decoder_input_ids: Tensor | None = None,
        encoder_hidden_states: Tensor | None = None,
        encoder_input_mask: Tensor | None = None,
        return_beam_scores: bool = False,
    ) -> Any:
        """The best text [B, L] of each utterance; the arguments are those of :meth:`generate`.

        With `return_beam_scores` three things: for each utterance all its texts [K, L]; for each the sums of their
        log-probabilities [K]; and the best texts.
        """
        result = self.generate(encoder_hidden_states, encoder_input_mask, decoder_input_ids)
        if not return_beam_scores:
            return result.tokens[:, 0]
        return list(result.tokens), list(result.scores), result.tokens[:, 0]

    @torch.no_grad()
    def generate(
        self, encoder_states: Tensor | None, encoder_mask: Tensor | None = None, first_tokens: Tensor | None = None
    ) -> Generated:
        """Generates.

        Args:
            encoder_states: [B, S, H].
            encoder_mask: [B, S], true or 1 where there is no padding; None: everywhere.
            first_tokens: [B, P] with which the texts begin; None: the token `bos`.

        Raises:
            ShapeError: the first tokens are not those of the utterances, or leave no room.
        """
        if encoder_states is None:
            raise ConfigError("encoder_hidden_states are missing. Expected [B, S, H]; give the encoder's states.")
        first_tokens, limits = self._begin(encoder_states, encoder_mask, first_tokens)
        with evaluating(*self._modules()):
            scorer = self._scorer(encoder_states, encoder_mask, capacity_for(first_tokens, limits))
            return self._search(scorer, first_tokens, limits)

    def _begin(
        self, encoder_states: Tensor, encoder_mask: Tensor | None, first_tokens: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The first tokens [B, P], checked, and [B] how many more a text may have."""
        if first_tokens is None:
            first_tokens = torch.full((encoder_states.shape[0], 1), self.bos, device=encoder_states.device)
        if first_tokens.ndim != 2 or first_tokens.shape[0] != encoder_states.shape[0] or not first_tokens.shape[1]:
            raise ShapeError(
                f"decoder_input_ids have the shape {list(first_tokens.shape)}. Expected "
                f"[{encoder_states.shape[0]}, P], at least one token for each utterance."
            )
        if first_tokens.shape[1] >= self.max_seq_length:
            raise ShapeError(
                f"decoder_input_ids have {first_tokens.shape[1]} tokens, and texts may have {self.max_seq_length}. "
                "Shorten them, or raise max_sequence_length."
            )
        limits = self._limits(encoder_states, encoder_mask) - first_tokens.shape[1]
        return first_tokens, limits.clamp(min=1)

    def _modules(self) -> tuple[Any, ...]:
        """What computes, and does so without dropout."""
        return self.embedding, self.decoder, self.log_softmax

    def _scorer(self, encoder_states: Tensor, encoder_mask: Tensor | None, capacity: int) -> TokenScorer:
        """Says how probable tokens are; it expects about `capacity` of them."""
        return CachedScorer(
            self.embedding,
            self.decoder,
            self.log_softmax,
            encoder_states,
            encoder_mask,
            capacity=capacity,
            temperature=self.temperature,
        )

    @abstractmethod
    def _search(self, scorer: TokenScorer, first_tokens: Tensor, limits: Tensor) -> Generated:
        """Generates at most `limits` [B] tokens after `first_tokens` [B, P]."""

    def _limits(self, encoder_states: Tensor, encoder_mask: Tensor | None) -> Tensor:
        """[B] most tokens of each text, the first ones included."""
        batch, states, _ = encoder_states.shape
        lengths = torch.full((batch,), states, device=encoder_states.device)
        if encoder_mask is not None and not self.like_release_1:
            lengths = encoder_mask.long().sum(dim=1)
        if self.max_delta_len < 0:
            return torch.full_like(lengths, self.max_seq_length)
        return (lengths + self.max_delta_len).clamp(max=self.max_seq_length)


def capacity_for(first_tokens: Tensor, limits: Tensor) -> int:
    """Tokens for which there is room at first."""
    return min(first_tokens.shape[1] + int(limits.max()), 128)


@contextlib.contextmanager
def evaluating(*modules: Any) -> Iterator[None]:
    """No dropout meanwhile."""
    parts = [part for module in modules if isinstance(module, nn.Module) for part in module.modules() if part.training]
    for part in parts:
        part.training = False
    try:
        yield
    finally:
        for part in parts:
            part.training = True
