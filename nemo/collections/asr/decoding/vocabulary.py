"""How the ids of a search become tokens, words and text: for character labels and for subword tokenizers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Protocol

SENTENCEPIECE_SPACE = "\u2581"
WORDPIECE_CONTINUATION = "##"


class Vocabulary(Protocol):
    """What decoding needs to know about tokens. Ids are those of the model's classes, the blank left out."""

    def __len__(self) -> int: ...

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The tokens as they stand in the vocabulary."""

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """Readable text."""

    def word_spans(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """First token and the one after the last, for each word; separators belong to no word."""

    def spellings(self) -> list[tuple[bool, str]]:
        """For each token whether it begins a word, and what it writes of it."""


class LabelVocabulary:
    """Labels that are joined as they are, with one label between words: characters, most often.

    Args:
        labels: the model's labels, in the order of its classes.
        word_separator: the label between two words.
        closes_up_punctuation: leave out a space before a punctuation mark.
    """

    def __init__(self, labels: Sequence[str], word_separator: str = " ", closes_up_punctuation: bool = False) -> None:
        self.labels = [str(label) for label in labels]
        self.word_separator = word_separator
        self._punctuation = _Punctuation(self.labels if closes_up_punctuation else ())

    def __len__(self) -> int:
        return len(self.labels)

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The labels of `ids`."""
        return [self.labels[index] for index in ids]

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The labels of `ids`, joined."""
        return self._punctuation.close_up("".join(self.ids_to_tokens(ids)))

    def word_spans(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """First token and the one after the last, for each word."""
        tokens = self.ids_to_tokens(ids)
        spans: list[tuple[int, int]] = []
        first = 0
        for position, (token, following) in enumerate(pairwise([*tokens, self.word_separator, ""])):
            if token == self.word_separator and not self._punctuation.begins(following):
                if position > first:
                    spans.append((first, position))
                first = position + 1
        return spans

    def spellings(self) -> list[tuple[bool, str]]:
        """For each label whether it begins a word, as the separator does, and what it writes of it."""
        return [(True, "") if label == self.word_separator else (False, label) for label in self.labels]


class SubwordVocabulary:
    """Pieces of a tokenizer: SentencePiece marks where a word begins, WordPiece where one goes on.

    Args:
        tokenizer: a ``TokenizerSpec``.
        closes_up_punctuation: leave out a space before a punctuation mark.
    """

    def __init__(self, tokenizer: Any, closes_up_punctuation: bool = False) -> None:
        self.tokenizer = tokenizer
        pieces = [str(token) for token in tokenizer.vocab]
        self._marks_beginnings = any(piece.startswith(SENTENCEPIECE_SPACE) for piece in pieces)
        bare = (piece.removeprefix(SENTENCEPIECE_SPACE) for piece in pieces)
        self._punctuation = _Punctuation(bare if closes_up_punctuation else ())

    def __len__(self) -> int:
        return int(self.tokenizer.vocab_size)

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The pieces of `ids`."""
        return list(self.tokenizer.ids_to_tokens(list(ids)))

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """Text as the tokenizer makes it."""
        return self._punctuation.close_up(str(self.tokenizer.ids_to_text(list(ids))))

    def word_spans(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """First token and the one after the last, for each word."""
        tokens = self.ids_to_tokens(ids)
        beginnings = [
            position for position in range(len(tokens)) if position == 0 or self._begins_word(tokens, position)
        ]
        spans = pairwise([*beginnings, len(tokens)])  # nothing was said: no pair
        return [(first, end) for first, end in spans if "".join(tokens[first:end]) != SENTENCEPIECE_SPACE]

    def spellings(self) -> list[tuple[bool, str]]:
        """For each piece whether it begins a word, and what it writes of it."""
        mark, is_marked_begin = (
            (SENTENCEPIECE_SPACE, True) if self._marks_beginnings else (WORDPIECE_CONTINUATION, False)
        )
        pieces = self.ids_to_tokens(range(len(self)))
        return [(piece.startswith(mark) == is_marked_begin, piece.removeprefix(mark)) for piece in pieces]

    def _begins_word(self, tokens: Sequence[str], position: int) -> bool:
        token = tokens[position]
        if self._marks_beginnings:
            # a bare mark belongs to the piece after it
            following = "".join(tokens[position : position + 2]).removeprefix(SENTENCEPIECE_SPACE)
            return token.startswith(SENTENCEPIECE_SPACE) and not self._punctuation.begins(following)
        return not token.startswith(WORDPIECE_CONTINUATION) and not self._punctuation.begins(token)


class _Punctuation:
    """The punctuation marks among `tokens`."""

    def __init__(self, tokens: Iterable[str]) -> None:
        marks = {token for token in tokens if len(token) == 1 and unicodedata.category(token).startswith("P")}
        self._marks = tuple(sorted(marks))
        self._spaced = re.compile(rf"\s([{re.escape(''.join(self._marks))}])") if marks else None

    def begins(self, text: str) -> bool:
        return text.startswith(self._marks)

    def close_up(self, text: str) -> str:
        """`text` without the space before each mark."""
        return text if self._spaced is None else self._spaced.sub(r"\1", text)
