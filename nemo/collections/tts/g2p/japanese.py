"""Japanese to phonemes by a dictionary; words in Latin letters stay as letters."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from nemo.collections.tts.g2p.base import BaseG2p
from nemo.collections.tts.g2p.dictionaries import (
    PathLike,
    Pronunciations,
    checked_pronunciations,
    read_symbol_dictionary,
)
from nemo.collections.tts.g2p.graphemes import GRAPHEME_CASE_LOWER, set_grapheme_case
from nemo.collections.tts.text.locales import letters
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require


class JapaneseG2p(BaseG2p):
    """Words and kana to phonemes; where the text is not cut into words, the longest entry that fits is taken.

    Args:
        phoneme_dict: a file with a word or kana and its phonemes on each line, with spaces between them
            (`こんにちは  k o N n i ch i w a`), or such a dictionary: word -> `[[phonemes]]`, which is taken as it is.
        phoneme_prefix: stands before each phoneme of a file, so that it is no letter.
        ascii_letter_prefix: stands before each Latin letter.
        ascii_letter_case: the case of Latin letters.
        word_tokenize_func: text -> words, instead of `word_segmenter`.
        apply_to_oov_word: a character that no entry starts with -> its symbols; None: the character itself.
        mapping_file: only kept.
        word_segmenter: `janome`: the package that cuts a text into words; None: the text is not cut.

    Raises:
        TextFileError: the file is missing or has a broken line.
        ConfigError: another `word_segmenter`, or a wrong case.
        MissingDependencyError: `janome` is asked for and not installed.
    """

    def __init__(
        self,
        phoneme_dict: PathLike | Mapping[str, Any],
        phoneme_prefix: str = "#",
        ascii_letter_prefix: str = "",
        ascii_letter_case: str = GRAPHEME_CASE_LOWER,
        word_tokenize_func: Callable[[str], list[str]] | None = None,
        apply_to_oov_word: Callable[[str], Any] | None = None,
        mapping_file: str | None = None,
        word_segmenter: str | None = None,
    ) -> None:
        super().__init__(
            _dictionary(phoneme_dict, phoneme_prefix),
            word_tokenize_func or _segmenter(word_segmenter),
            apply_to_oov_word,
            mapping_file,
        )
        self.phoneme_list = sorted({symbol for known in self.phoneme_dict.values() for one in known for symbol in one})
        self.ascii_letter_case = ascii_letter_case
        latin = letters("en-US", ascii_letter_case)
        self.ascii_letter_dict = {letter: ascii_letter_prefix + letter for letter in latin}
        self.ascii_letter_list = sorted(self.ascii_letter_dict.values())
        self._longest = max(map(len, self.phoneme_dict))

    def __call__(self, text: str) -> list[str]:
        """Phonemes, letters and punctuation of a text."""
        symbols: list[str] = []
        for word in self.word_tokenize_func(set_grapheme_case(text, self.ascii_letter_case)):
            symbols += self._of_word(word)
        return symbols

    def _of_word(self, word: str) -> list[str]:
        symbols: list[str] = []
        start = 0
        while start < len(word):
            ends = range(min(len(word), start + self._longest), start, -1)
            end = next((end for end in ends if word[start:end] in self.phoneme_dict), None)
            if end is None:
                end = start + 1
                symbols += self._of_unknown(word[start])
            else:
                symbols += self.phoneme_dict[word[start:end]][0]
            start = end
        return symbols

    def _of_unknown(self, character: str) -> list[str]:
        if character in self.ascii_letter_dict:
            return [self.ascii_letter_dict[character]]
        if self.apply_to_oov_word is not None and character.isalpha():
            return list(self.apply_to_oov_word(character))
        return [character]


def _dictionary(source: PathLike | Mapping[str, Any], prefix: str) -> Pronunciations:
    if not isinstance(source, (str, os.PathLike)):
        entries = checked_pronunciations(source)
        if not entries:
            raise ConfigError(
                "phoneme_dict has no entries. Expected word -> [[phonemes]], such as {'は': [['h', 'a']]}."
            )
        return entries
    read = read_symbol_dictionary(source)
    return {word: [[prefix + symbol for symbol in one] for one in known] for word, known in read.items()}


def _segmenter(name: str | None) -> Callable[[str], list[str]]:
    if name is None:
        return lambda text: [text]
    if name != "janome":
        raise ConfigError(f"word_segmenter is {name!r}; expected janome or null. Name one of these.")
    tokenizer = require("janome.tokenizer", extra="g2p", purpose="word_segmenter: janome").Tokenizer()
    return lambda text: list(tokenizer.tokenize(text, wakati=True))
