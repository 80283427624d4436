"""Tokens of a text with the characters that each of them stands for.

Tokenizers give pieces that may be lower-cased, without accents, or unknown. Here each piece gets its place in the text
as it was written, so that an answer or an entity is cut out of the text itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec

_CACHED_WORDS = 100_000
_MARKS_BEFORE = ("##", "▁", "Ġ")
"""What kinds of tokenizers write before a piece: inside a word, or at its start."""
_CHUNK = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class PlacedTokens:
    """The tokens of a text.

    Token `i` stands for the characters `starts[i]` to `ends[i]` (exclusive). The pieces of an unknown word stand for
    the whole word.
    """

    ids: list[int]
    starts: list[int]
    ends: list[int]

    def __len__(self) -> int:
        return len(self.ids)

    def covering(self, start: int, end: int) -> tuple[int, int] | None:
        """First and last token of the fewest that hold the characters `start` to `end`; None where there is none."""
        touched = [
            index
            for index, (first, last) in enumerate(zip(self.starts, self.ends, strict=True))
            if first < end and last > start
        ]
        return (touched[0], touched[-1]) if touched else None


class PlacingTokenizer:
    """Cuts texts into tokens that know their characters; words are remembered, so that large sets are quick.

    Each word between white space is tokenized by itself, as it would be after a space.

    Args:
        tokenizer: any tokenizer.
    """

    def __init__(self, tokenizer: TokenizerSpec) -> None:
        self.tokenizer = tokenizer
        self._words: dict[str, PlacedTokens] = {}

    def __call__(self, text: str) -> PlacedTokens:
        """The tokens of `text`; none is added before or after."""
        placed = PlacedTokens([], [], [])
        for match in re.finditer(r"\S+", text):
            word = self._word(match.group())
            placed.ids.extend(word.ids)
            placed.starts.extend(match.start() + start for start in word.starts)
            placed.ends.extend(match.start() + end for end in word.ends)
        return placed

    def _word(self, word: str) -> PlacedTokens:
        if word not in self._words:
            if len(self._words) >= _CACHED_WORDS:
                self._words.clear()
            pieces = self.tokenizer.text_to_tokens(" " + word)
            places = self._places(word, pieces)
            ids = [int(each) for each in self.tokenizer.tokens_to_ids(pieces)] if pieces else []
            self._words[word] = PlacedTokens(ids, [start for start, _ in places], [end for _, end in places])
        return self._words[word]

    def _places(self, word: str, pieces: Sequence[str]) -> list[tuple[int, int]]:
        """Start and end of each piece in `word`."""
        exact = _matched(word, pieces)
        if exact is not None:
            return exact
        chunks = [(match.start(), match.group()) for match in _CHUNK.finditer(word)]
        of_chunks = [self.tokenizer.text_to_tokens(" " + chunk) for _, chunk in chunks]
        if [piece for chunk in of_chunks for piece in chunk] != list(pieces):
            return [(0, len(word))] * len(pieces)
        places: list[tuple[int, int]] = []
        for (start, chunk), its in zip(chunks, of_chunks, strict=True):
            matched = _matched(chunk, its) or [(0, len(chunk))] * len(its)
            places.extend((start + first, start + last) for first, last in matched)
        return places


def _matched(word: str, pieces: Sequence[str]) -> list[tuple[int, int]] | None:
    """Places of pieces that spell the word, as it is or without case and accents; None if they do not."""
    bare = [_without_mark(piece) for piece in pieces]
    for spelled in ([_visible(character) for character in word], [_plain(character) for character in word]):
        if "".join(spelled) == "".join(bare):
            return _cut(spelled, bare)
    return None


def _cut(spelled: Sequence[str], pieces: Sequence[str]) -> list[tuple[int, int]] | None:
    """Places of pieces in a word of which `spelled` has the writing of each character, which may be none or several."""
    places = []
    position = 0
    for piece in pieces:
        start, length = position, 0
        while length < len(piece):
            length += len(spelled[position])
            position += 1
        if length > len(piece):
            return None  # a piece ends inside a character
        while position < len(spelled) and not spelled[position]:
            position += 1  # an accent of its own belongs to the letter before it
        places.append((start, position))
    return places


def _without_mark(piece: str) -> str:
    for mark in _MARKS_BEFORE:
        if piece.startswith(mark):
            return piece.removeprefix(mark)
    return piece.strip()


def _visible(character: str) -> str:
    """The character; nothing for one of control or format, which tokenizers leave out."""
    return "" if unicodedata.category(character) in ("Cc", "Cf") else character


def _plain(character: str) -> str:
    """A character in lower case without accents, as uncased tokenizers write it."""
    decomposed = unicodedata.normalize("NFD", _visible(character).lower())
    return "".join(each for each in decomposed if unicodedata.category(each) != "Mn")
