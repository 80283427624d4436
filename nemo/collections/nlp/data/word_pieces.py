"""Words in the pieces of a tokenizer, and which piece begins a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec


@dataclass(frozen=True, slots=True)
class WordPieces:
    """The pieces of some words, one word after another."""

    ids: list[int]
    word_of_piece: list[int]
    """Number of the word that each piece is of; it never falls, and every word has at least one piece."""

    @property
    def starts(self) -> list[bool]:
        """Whether each piece is the first of its word."""
        words = self.word_of_piece
        return [place == 0 or word != words[place - 1] for place, word in enumerate(words)]


class WordTokenizer:
    """Cuts words into pieces one by one, and remembers those it has seen.

    A word of which a tokenizer makes nothing, such as a character that it drops, becomes the unknown token: every word
    has a label, and needs a piece for it.

    Args:
        tokenizer: with `unk_id`.
    """

    def __init__(self, tokenizer: TokenizerSpec) -> None:
        self.tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}

    def __call__(self, words: Sequence[str]) -> WordPieces:
        """The pieces of `words`."""
        ids: list[int] = []
        word_of_piece: list[int] = []
        for number, word in enumerate(words):
            pieces = self._pieces(word)
            ids += pieces
            word_of_piece += [number] * len(pieces)
        return WordPieces(ids, word_of_piece)

    def _pieces(self, word: str) -> list[int]:
        pieces = self._known.get(word)
        if pieces is None:
            pieces = list(self.tokenizer.text_to_ids(word)) or [int(self.tokenizer.unk_id)]  # type: ignore[attr-defined]
            self._known[word] = pieces
        return pieces
