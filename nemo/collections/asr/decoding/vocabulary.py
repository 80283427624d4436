"""How the ids of a search become tokens, words and text: for character labels and for subword tokenizers."""

from __future__ import annotations

from collections.abc import Sequence
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


class LabelVocabulary:
    """Labels that are joined as they are, with one label between words: characters, most often.

    Args:
        labels: the model's labels, in the order of its classes.
        word_separator: the label between two words.
    """

    def __init__(self, labels: Sequence[str], word_separator: str = " ") -> None:
        self.labels = [str(label) for label in labels]
        self.word_separator = word_separator

    def __len__(self) -> int:
        return len(self.labels)

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The labels of `ids`."""
        return [self.labels[index] for index in ids]

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The labels of `ids`, joined."""
        return "".join(self.ids_to_tokens(ids))

    def word_spans(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """First token and the one after the last, for each word."""
        spans: list[tuple[int, int]] = []
        first = 0
        for position, token in enumerate([*self.ids_to_tokens(ids), self.word_separator]):
            if token == self.word_separator:
                if position > first:
                    spans.append((first, position))
                first = position + 1
        return spans


class SubwordVocabulary:
    """Pieces of a tokenizer: SentencePiece marks where a word begins, WordPiece where one goes on.

    Args:
        tokenizer: a ``TokenizerSpec``.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._marks_beginnings = any(str(token).startswith(SENTENCEPIECE_SPACE) for token in tokenizer.vocab)

    def __len__(self) -> int:
        return int(self.tokenizer.vocab_size)

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The pieces of `ids`."""
        return list(self.tokenizer.ids_to_tokens(list(ids)))

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """Text as the tokenizer makes it."""
        return str(self.tokenizer.ids_to_text(list(ids)))

    def word_spans(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """First token and the one after the last, for each word."""
        tokens = self.ids_to_tokens(ids)
        beginnings = [position for position, token in enumerate(tokens) if position == 0 or self._begins_word(token)]
        spans = zip(beginnings, [*beginnings[1:], len(tokens)], strict=True)
        return [(first, end) for first, end in spans if "".join(tokens[first:end]) != SENTENCEPIECE_SPACE]

    def _begins_word(self, token: str) -> bool:
        if self._marks_beginnings:
            return token.startswith(SENTENCEPIECE_SPACE)
        return not token.startswith(WORDPIECE_CONTINUATION)
