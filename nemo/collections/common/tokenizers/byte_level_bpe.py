"""Byte pair encoding of UTF-8 bytes, as GPT-2 (Radford et al., 2019), RoBERTa and BART have it, in plain Python."""

from __future__ import annotations

import functools
import os
import re
import unicodedata
from collections.abc import Sequence

from nemo.collections.common.tokenizers.pair_merging import merge_pairs
from nemo.collections.common.tokenizers.vocabulary_file import read_json, read_lines
from nemo.utils.exceptions import ConfigError

LARGEST_CACHE = 100_000
_LAST_NUMERAL = 0x1FFFF
"""Above it no character is a numeral that Python's ``\\d`` lacks."""
_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space of Unicode; Python's ``\\s`` has four control characters more."""


class ByteLevelBPE:
    """Cuts text into the pieces of a ``vocab.json``, joined in the order of a ``merges.txt``.

    Pieces show each byte as one printable character: ``Ġ`` is a space.

    Args:
        vocab_file: JSON object, piece -> id.
        merges_file: two pieces a line, the first line to be applied first; a line that begins with ``#version`` says
            nothing.

    Raises:
        FileNotFoundError: a file is missing.
        ConfigError: a file is not what it should be.
    """

    def __init__(self, vocab_file: str | os.PathLike[str], merges_file: str | os.PathLike[str]) -> None:
        self.vocab = _read_vocabulary(vocab_file)
        self._rules: dict[tuple[str, str], tuple[int, str]] = {}
        lines = read_lines(merges_file, "a merges.txt with two pieces a line")
        for number, line in enumerate(lines, start=1):
            if not line.strip() or (number == 1 and line.startswith("#version")):
                continue
            pair = line.split(" ")
            if len(pair) != 2 or not all(pair):
                raise ConfigError(f"{merges_file} line {number} is {line[:60]!r}. Expected two pieces; check the file.")
            self._rules.setdefault((pair[0], pair[1]), (number, "".join(pair)))
        self._cache: dict[str, list[str]] = {}

    def cut(self, text: str) -> list[str]:
        """The pieces of `text`."""
        return [piece for word in _word_pattern().findall(text) for piece in self._cut_word(word)]

    def join(self, pieces: Sequence[str]) -> str:
        """The text of pieces; bytes that are no text become a replacement character."""
        values = _byte_of_character()
        joined = "".join(pieces)
        encoded = (bytes([values[letter]]) if letter in values else letter.encode() for letter in joined)
        return b"".join(encoded).decode("utf-8", errors="replace")

    def _cut_word(self, word: str) -> list[str]:
        pieces = self._cache.get(word)
        if pieces is None:
            characters = _characters_of_bytes()
            pieces = merge_pairs([characters[byte] for byte in word.encode("utf-8", errors="replace")], self._rules)
            if len(self._cache) < LARGEST_CACHE:
                self._cache[word] = pieces
        return pieces


def _read_vocabulary(path: str | os.PathLike[str]) -> dict[str, int]:
    what = "a vocab.json, an object of pieces and their ids"
    vocabulary = read_json(path, what)
    if not isinstance(vocabulary, dict) or not vocabulary:
        raise ConfigError(f"{path} holds a {type(vocabulary).__name__}. Expected {what}; check the file.")
    ids = list(vocabulary.values())
    wrong = next((index for index in ids if type(index) is not int or not 0 <= index < 2**31), None)
    if wrong is not None or len(set(ids)) != len(ids):
        found = f"the id {wrong!r}" if wrong is not None else "one id for two pieces"
        raise ConfigError(f"{path} has {found}. Expected {what}; check the file.")
    return vocabulary


@functools.cache
def _word_pattern() -> re.Pattern[str]:
    """English endings, then stretches of letters, of numerals and of other marks, each with a space before it."""
    numerals = "".join(
        re.escape(character)
        for character in map(chr, range(_LAST_NUMERAL + 1))
        if character.isnumeric() and unicodedata.category(character) in ("Nl", "No")
    )
    letter = rf"(?:(?![{numerals}])[^\W\d_])"  # \w is exactly letters, numerals and _
    numeral = rf"[\d{numerals}]"
    other = rf"(?:(?![{_SPACE}])[\W_])"
    return re.compile(
        rf"'s|'t|'re|'ve|'m|'ll|'d| ?{letter}+| ?{numeral}+| ?{other}+|[{_SPACE}]+(?![^{_SPACE}])|[{_SPACE}]+"
    )


@functools.cache
def _characters_of_bytes() -> list[str]:
    """For each byte the character that shows it: itself where it is printable, otherwise one from 256 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    shown = []
    others = 0
    for byte in range(256):
        if byte in printable:
            shown.append(chr(byte))
        else:
            shown.append(chr(256 + others))
            others += 1
    return shown


@functools.cache
def _byte_of_character() -> dict[str, int]:
    return {character: byte for byte, character in enumerate(_characters_of_bytes())}
