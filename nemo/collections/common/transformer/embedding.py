"""Tokens, their positions and their types as vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nemo.collections.common.transformer.positions import FixedPositionalEncoding
from nemo.utils.exceptions import ConfigError, ShapeError


class TransformerEmbedding(nn.Module):
    """Sum of the embeddings of tokens, positions and types, normalised.

    Args:
        vocab_size: V.
        hidden_size: H.
        max_sequence_length: positions. With learned ones texts cannot be longer; fixed ones go on.
        num_token_types: types of tokens, such as the first and the second text of a pair; 0 for none.
        embedding_dropout: of the result.
        learn_positional_encodings: train the positions; else they are sinusoids.
    """

    def __init__(
        self,
        vocab_size: int,
        hidden_size: int,
        max_sequence_length: int = 512,
        num_token_types: int = 2,
        embedding_dropout: float = 0.0,
        learn_positional_encodings: bool = False,
    ) -> None:
        super().__init__()
        self.max_sequence_length = max_sequence_length
        self.learn_positional_encodings = learn_positional_encodings
        # names fixed by archives
        self.token_embedding = nn.Embedding(vocab_size, hidden_size)
        self.position_embedding: nn.Module
        if learn_positional_encodings:
            self.position_embedding = nn.Embedding(max_sequence_length, hidden_size)
        else:
            self.position_embedding = FixedPositionalEncoding(hidden_size, max_sequence_length)
        if num_token_types > 0:
            self.token_type_embedding = nn.Embedding(num_token_types, hidden_size)
        self._has_types = num_token_types > 0
        self.layer_norm = nn.LayerNorm(hidden_size, eps=1e-5)
        self.dropout = nn.Dropout(embedding_dropout)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor | None = None, start_pos: int = 0) -> Tensor:
        """Embeds tokens.

        Args:
            input_ids: [B, L].
            token_type_ids: [B, L]; None adds no type at all, as the original does.
            start_pos: position of the first token.

        Returns:
            [B, L, H].

        Raises:
            ShapeError: the text is longer than there are learned positions.
        """
        embeddings = self.token_embedding(input_ids) + self._positions(start_pos, start_pos + input_ids.shape[1])
        if token_type_ids is not None:
            if not self._has_types:
                raise ConfigError("token_type_ids are given, but num_token_types is 0. Leave them out, or set it to 2.")
            embeddings = embeddings + self.token_type_embedding(token_type_ids)
        embedded: Tensor = self.dropout(self.layer_norm(embeddings))
        return embedded

    def _positions(self, start: int, end: int) -> Tensor:
        if isinstance(self.position_embedding, FixedPositionalEncoding):
            return self.position_embedding.first(end)[start:end]
        if not torch.jit.is_tracing() and end > self.max_sequence_length:
            raise ShapeError(
                f"A text of {end} tokens is too long: this model has learned {self.max_sequence_length} positions "
                "(max_sequence_length). Split the text, or train with a larger max_sequence_length."
            )
        weight = self.position_embedding.weight
        assert isinstance(weight, torch.Tensor)
        return weight[start:end]
