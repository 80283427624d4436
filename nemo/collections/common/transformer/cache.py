"""Keys and values that a decoder has computed, so that each further token costs one token."""

from __future__ import annotations

import torch
from torch import Tensor

GROWTH = 32
"""Room for tokens at first; it doubles when it is used up."""


class KeyValueCache:
    """Keys and values of the tokens so far, of each layer.

    Args:
        layers: that attend to earlier tokens.
        capacity: tokens there is room for at first; it grows.
    """

    def __init__(self, layers: int, capacity: int = GROWTH) -> None:
        self.layers = layers
        self.length = 0
        """Tokens that all layers have seen."""
        self._capacity = max(1, capacity)
        self._store: Tensor | None = None  # [layers, 2, rows, N, capacity, D]

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Adds the keys and values [rows, N, L, D] of the newest tokens, and returns those of all tokens."""
        end = self.length + keys.shape[2]
        store = self._with_room(end, keys)
        store[layer, 0, :, :, self.length : end] = keys
        store[layer, 1, :, :, self.length : end] = values
        return store[layer, 0, :, :, :end], store[layer, 1, :, :, :end]

    def advance(self, tokens: int) -> None:
        """Says that all layers have seen so many tokens more."""
        self.length += tokens

    def select(self, rows: Tensor) -> None:
        """Goes on with these rows, in this order; a row may come several times, within its utterance."""
        if self._store is None:
            return
        chosen = self._store[:, :, :, :, : self.length].index_select(2, rows)
        if chosen.shape[2] == self._store.shape[2]:
            self._store[:, :, :, :, : self.length] = chosen
            return
        self._store = self._empty(chosen, chosen.shape[2])
        self._store[:, :, :, :, : self.length] = chosen

    def _with_room(self, end: int, like: Tensor) -> Tensor:
        if self._store is None:
            self._capacity = max(self._capacity, end)
            self._store = self._empty(like, like.shape[0])
        elif end > self._capacity:
            self._capacity = max(2 * self._capacity, end)
            old = self._store
            self._store = self._empty(old, old.shape[2])
            self._store[:, :, :, :, : self.length] = old[:, :, :, :, : self.length]
        return self._store

    def _empty(self, like: Tensor, rows: int) -> Tensor:
        heads, width = like.shape[-3], like.shape[-1]
        return torch.empty(self.layers, 2, rows, heads, self._capacity, width, dtype=like.dtype, device=like.device)


class DecoderCache(KeyValueCache):
    """What one generation keeps: keys and values of the tokens so far, and those of the encoder's states.

    Hypotheses of one utterance lie side by side, [B x K] rows in all, and share the keys and values of their utterance,
    which are computed once and never copied.

    Args:
        encoder_keys_and_values: of each layer, keys and values [B, N, S, D] of the encoder's states.
        encoder_mask: added to the scores of attention to them, [B, 1, 1, S].
        capacity: tokens there is room for at first; it grows.
    """

    def __init__(
        self,
        encoder_keys_and_values: list[tuple[Tensor, Tensor]],
        encoder_mask: Tensor | None,
        capacity: int = GROWTH,
    ) -> None:
        super().__init__(len(encoder_keys_and_values), capacity)
        self.encoder_keys_and_values = encoder_keys_and_values
        self.encoder_mask = encoder_mask

    @property
    def utterances(self) -> int:
        """B."""
        return self.encoder_keys_and_values[0][0].shape[0]
