"""Mandarin to initials, finals and tones of pinyin; words in Latin letters stay as letters."""

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
from nemo.collections.tts.g2p.graphemes import GRAPHEME_CASE_LOWER, GRAPHEME_CASE_UPPER, set_grapheme_case
from nemo.collections.tts.text.locales import letters
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

TONES = "12345"
"""The fifth is the neutral one."""


class ChineseG2p(BaseG2p):
    """Characters to pinyin by the package `pypinyin`, pinyin to phonemes by a dictionary, a tone after each syllable.

    Args:
        phoneme_dict: a file with a syllable and its phonemes on each line, without tones (`ni  N I`), or such a
            dictionary: syllable -> `[[phonemes]]`, which is taken as it is.
        phoneme_prefix: stands before each phoneme of a file, so that it is no letter.
        phoneme_case: `upper`, `lower` or `mixed`: the case of the phonemes of a file.
        tone_prefix: stands before the number of a tone.
        ascii_letter_prefix: stands before each Latin letter.
        ascii_letter_case: the case of Latin letters.
        word_tokenize_func: text -> words, which help pypinyin to tell pronunciations; instead of `word_segmenter`.
        apply_to_oov_word: a syllable that the dictionary does not have -> its symbols; None: the syllable itself.
        mapping_file: only kept.
        word_segmenter: `jieba`: the package that cuts a text into words; None: pypinyin does it.

    Raises:
        TextFileError: the file is missing or has a broken line.
        ConfigError: another `word_segmenter`, or a wrong case.
        MissingDependencyError: `pypinyin` or `jieba` is needed and not installed.
    """

    def __init__(
        self,
        phoneme_dict: PathLike | Mapping[str, Any],
        phoneme_prefix: str = "#",
        phoneme_case: str = GRAPHEME_CASE_UPPER,
        tone_prefix: str = "#",
        ascii_letter_prefix: str = "",
        ascii_letter_case: str = GRAPHEME_CASE_LOWER,
        word_tokenize_func: Callable[[str], list[str]] | None = None,
        apply_to_oov_word: Callable[[str], Any] | None = None,
        mapping_file: str | None = None,
        word_segmenter: str | None = None,
    ) -> None:
        super().__init__(
            _dictionary(phoneme_dict, phoneme_prefix, phoneme_case),
            word_tokenize_func or _segmenter(word_segmenter),
            apply_to_oov_word,
            mapping_file,
        )
        self.phoneme_list = sorted({symbol for known in self.phoneme_dict.values() for one in known for symbol in one})
        self.tone_dict = {tone: tone_prefix + tone for tone in TONES}
        self.tone_list = list(self.tone_dict.values())
        self.ascii_letter_case = ascii_letter_case
        latin = letters("en-US", ascii_letter_case)
        self.ascii_letter_dict = {letter: ascii_letter_prefix + letter for letter in latin}
        self.ascii_letter_list = sorted(self.ascii_letter_dict.values())

    def __call__(self, text: str) -> list[str]:
        """Phonemes, tones, letters and punctuation of a text."""
        pypinyin = require("pypinyin", extra="g2p", purpose="Chinese text")
        symbols: list[str] = []
        for words in self.word_tokenize_func(set_grapheme_case(text, self.ascii_letter_case)):
            for syllable in pypinyin.lazy_pinyin(
                words, style=pypinyin.Style.TONE3, neutral_tone_with_five=True, errors=list
            ):
                symbols += self._of_syllable(syllable)
        return symbols

    def _of_syllable(self, syllable: str) -> list[str]:
        if len(syllable) > 1 and syllable[-1] in self.tone_dict:
            known = self.phoneme_dict.get(_plain(syllable[:-1]))
            if known is not None:
                return [*known[0], self.tone_dict[syllable[-1]]]
            return [syllable] if self.apply_to_oov_word is None else list(self.apply_to_oov_word(syllable))
        return [self.ascii_letter_dict.get(letter, letter) for letter in syllable]


def _plain(syllable: str) -> str:
    """A syllable as it is looked up: small letters, v for ü."""
    return syllable.lower().replace("ü", "v")


def _dictionary(source: PathLike | Mapping[str, Any], prefix: str, case: str) -> Pronunciations:
    if not isinstance(source, (str, os.PathLike)):
        return {_plain(syllable): known for syllable, known in checked_pronunciations(source).items()}
    return {
        _plain(syllable): [[prefix + set_grapheme_case(symbol, case) for symbol in one] for one in known]
        for syllable, known in read_symbol_dictionary(source).items()
    }


def _segmenter(name: str | None) -> Callable[[str], list[str]]:
    if name is None:
        return lambda text: [text]
    if name != "jieba":
        raise ConfigError(f"word_segmenter is {name!r}; expected jieba or null. Name one of these.")
    cut: Callable[[str], list[str]] = require("jieba", extra="g2p", purpose="word_segmenter: jieba").lcut
    return cut
