"""Models of the library YouTokenToMe (byte pair encoding, 2019), read and applied without it.

The file is text: a line ``characters rules``; for each character ``code_point id``; for each rule, in the order in
which they apply, ``left_id right_id new_id``; and last the ids ``unk pad bos eos``, -1 for one that is not there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from itertools import groupby

from nemo.collections.common.tokenizers.pair_merging import merge_pairs
from nemo.collections.common.tokenizers.vocabulary_file import read_lines
from nemo.utils.exceptions import ConfigError

WORD_START = "\u2581"
LONGEST_PIECE = 1000
"""Characters; forty rules that double a piece would otherwise fill the memory."""
LARGEST_VOCABULARY = 100_000_000
"""Characters of all pieces together."""
LARGEST_CACHE = 100_000
_SPECIAL_PIECES = ("<UNK>", "<PAD>", "<BOS>", "<EOS>")
_WORD = re.compile(f"[^ \t\n\v\f\r{WORD_START}]+")  # exactly what the library takes for white space
_WHAT = "a model written by YouTokenToMe (a text file, which begins with two numbers)"


_Pieces = tuple[list[int], list[str]]
"""Ids of the pieces of a word, and how they read; an unknown stretch reads as it stands in the text."""


class YouTokenToMeModel:
    """A YouTokenToMe model, with the names that the library's ``BPE`` has.

    Args:
        model: path of the model.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it is not such a model; the message names file and line.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        self._source = str(model)
        rows = _Rows(model)
        character_count, rule_count = rows.take(2, "the numbers of characters and rules")
        if character_count < 0 or rule_count < 0 or character_count + rule_count + 2 != len(rows):
            raise ConfigError(
                f"{model} announces {character_count} characters and {rule_count} rules, but has {len(rows)} lines. "
                f"Expected {_WHAT}; the file was cut or is another one."
            )
        self._pieces: dict[int, str] = {}
        self._characters_of_all = 0
        self._characters: dict[str, int] = {}
        for _ in range(character_count):
            self._add_character(rows)
        self._rules: dict[tuple[int, int], tuple[int, int]] = {}
        for rank in range(rule_count):
            self._add_rule(rank, rows)
        self.unk_id, self.pad_id, self.bos_id, self.eos_id = rows.take(4, "the ids of unk, pad, bos and eos")
        for index, piece in zip((self.unk_id, self.pad_id, self.bos_id, self.eos_id), _SPECIAL_PIECES, strict=True):
            if index >= 0:
                self._add_piece(index, piece, rows.place)
        if sorted(self._pieces) != list(range(len(self._pieces))):
            raise ConfigError(
                f"{model} has {len(self._pieces)} pieces whose ids are not 0 to {len(self._pieces) - 1}. Expected "
                f"{_WHAT}; check the file."
            )
        self._ids = {piece: index for index, piece in sorted(self._pieces.items(), reverse=True)}  # the lowest id stays
        self._cache: dict[str, _Pieces] = {}

    def _add_character(self, rows: _Rows) -> None:
        code, index = rows.take(2, "a code point and an id")
        if not 0 <= code < 0x110000 or 0xD800 <= code < 0xE000:  # in between lie halves of characters
            raise ConfigError(f"{rows.place} has the code point {code}. Expected that of a character; check the file.")
        self._characters[chr(code)] = index
        self._add_piece(index, chr(code), rows.place)

    def _add_rule(self, rank: int, rows: _Rows) -> None:
        left, right, index = rows.take(3, "the ids of two pieces and of what they become")
        for part in (left, right):
            if part not in self._pieces:
                raise ConfigError(f"{rows.place} joins the piece {part}, which no line before defines; check the file.")
        self._add_piece(index, self._pieces[left] + self._pieces[right], rows.place)
        self._rules.setdefault((left, right), (rank, index))

    def _add_piece(self, index: int, piece: str, place: str) -> None:
        if index in self._pieces:
            raise ConfigError(f"{place} defines the id {index} a second time. Expected {_WHAT}; check the file.")
        self._characters_of_all += len(piece)
        if len(piece) > LONGEST_PIECE or self._characters_of_all > LARGEST_VOCABULARY:
            raise ConfigError(
                f"{place} makes a piece of {len(piece)} characters, {self._characters_of_all} with all before. "
                f"Expected at most {LONGEST_PIECE} and {LARGEST_VOCABULARY}; this is no trained model."
            )
        self._pieces[index] = piece

    # ------------------------------------------------------------------------------------------------------ pieces

    def vocab_size(self) -> int:
        """Number of pieces."""
        return len(self._pieces)

    def vocab(self) -> list[str]:
        """Every piece, in the order of the ids."""
        return [self._pieces[index] for index in range(len(self._pieces))]

    def subword_to_id(self, subword: str) -> int:
        """The id of a piece; that of the unknown piece where there is no such piece."""
        return self._ids.get(subword, self.unk_id)

    def id_to_subword(self, index: int) -> str:
        """The piece of an id.

        Raises:
            ConfigError: there is no such id.
        """
        if index in self._pieces:
            return self._pieces[index]
        raise ConfigError(
            f"The id {index} is no piece of {self._source}. Expected ids from 0 to {len(self._pieces) - 1}."
        )

    # -------------------------------------------------------------------------------------------- text to ids and back

    def encode(self, text: str, is_dropped: Callable[[], bool] | None = None) -> list[int]:
        """The ids of `text`, without start and end.

        Args:
            text: words between white space.
            is_dropped: see :func:`~nemo.collections.common.tokenizers.pair_merging.merge_pairs`.
        """
        ids: list[int] = []
        for word in _WORD.findall(text):
            ids += self._word(word, is_dropped)[0]
        return ids

    def encode_as_subwords(self, text: str, is_dropped: Callable[[], bool] | None = None) -> list[str]:
        """The pieces of `text`; what the model does not know stands as it is in the text."""
        subwords: list[str] = []
        for word in _WORD.findall(text):
            subwords += self._word(word, is_dropped)[1]
        return subwords

    def decode(self, ids: Sequence[int], ignore_ids: Sequence[int] = ()) -> str:
        """The text of ids."""
        text = "".join(self.id_to_subword(int(index)) for index in ids if index not in ignore_ids)
        return text.replace(WORD_START, " ").removeprefix(" ")

    def _word(self, word: str, is_dropped: Callable[[], bool] | None) -> _Pieces:
        if is_dropped is not None:
            return self._cut(word, is_dropped)
        pieces = self._cache.get(word)
        if pieces is None:
            pieces = self._cut(word, None)
            if len(self._cache) < LARGEST_CACHE:
                self._cache[word] = pieces
        return pieces

    def _cut(self, word: str, is_dropped: Callable[[], bool] | None) -> _Pieces:
        """Stretches of known characters are merged; one of unknown characters is one unknown piece."""
        ids: list[int] = []
        texts: list[str] = []
        for is_known, stretch in groupby(WORD_START + word, key=self._characters.__contains__):
            if is_known:
                merged = merge_pairs([self._characters[character] for character in stretch], self._rules, is_dropped)
                ids += merged
                texts += [self._pieces[index] for index in merged]
            else:
                ids.append(self.unk_id)
                texts.append("".join(stretch))
        return ids, texts


class _Rows:
    """Lines of whole numbers, taken one after the other."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._lines = [line for line in read_lines(path, _WHAT, longest=200) if line.strip()]
        self._taken = 0

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def place(self) -> str:
        """The line that was taken last, for messages."""
        return f"{self._path} line {self._taken}"

    def take(self, count: int, what: str) -> list[int]:
        """The numbers of the next line."""
        self._taken += 1
        line = self._lines[self._taken - 1] if self._taken <= len(self._lines) else ""
        numbers = line.split()
        if len(numbers) != count or not all(re.fullmatch(r"-?\d{1,9}", number, re.ASCII) for number in numbers):
            raise ConfigError(
                f"{self.place} is {line[:60]!r}. Expected {what}: {count} whole numbers of {_WHAT}; check the file."
            )
        return [int(number) for number in numbers]
