"""Spelling of any language to the International Phonetic Alphabet, by a dictionary."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from nemo.collections.tts.g2p.dictionaries import (
    PathLike,
    Pronunciations,
    checked_pronunciations,
    read_ipa_dictionary,
    words_of,
)
from nemo.collections.tts.g2p.graphemes import GRAPHEME_CASE_UPPER, set_grapheme_case
from nemo.collections.tts.g2p.word_lookup import WordLookupG2p
from nemo.collections.tts.text.words import Pieces, any_locale_word_tokenize, english_word_tokenize
from nemo.utils.exceptions import ConfigError

STRESS_SYMBOLS = ("ˈ", "ˌ")
"""Primary, secondary."""
VOICELESS = set("ptkfθ")
SIBILANTS = set("szʃʒʧʤ")


class IpaG2p(WordLookupG2p):
    """Words to IPA; those that are not known stay as their letters, in one case, with a prefix.

    In English `cat's` and `cats` follow from `cat`: s after a voiceless consonant, ɪz after a sibilant, else z.

    Args:
        phoneme_dict: a file as of :func:`~nemo.collections.tts.g2p.dictionaries.read_ipa_dictionary`, or such a
            dictionary: word -> pronunciations.
        locale: such as `en-US`: how a text is cut into words; None: as any text in the Latin script.
        apply_to_oov_word: word that is not known -> its symbols; None: its letters.
        ignore_ambiguous_words: words with several pronunciations stay as letters; else the first is taken.
        heteronyms: a file with one word a line, or words, that stay as letters.
        use_chars: letters are symbols, too; always so where there is a `phoneme_probability`.
        phoneme_probability: the share of words that are looked up, for training with both; None: all. The choice
            follows `torch.manual_seed`.
        use_stresses: keep the marks of stress.
        grapheme_case: `upper`, `lower` or `mixed`: the case of words and letters.
        grapheme_prefix: stands before each letter, so that it is no phoneme: `#`.
        mapping_file: only kept.
        word_tokenize_func: text -> pieces, instead of the locale's; a key of older archives.
        set_graphemes_upper: True: `grapheme_case` is `upper`, False: `mixed`; a key of older archives.

    Raises:
        TextFileError: a file is missing or has a broken line.
        ConfigError: there is no dictionary, or no such case.
    """

    def __init__(
        self,
        phoneme_dict: PathLike | Mapping[str, Any],
        locale: str | None = "en-US",
        apply_to_oov_word: Callable[[str], Any] | None = None,
        ignore_ambiguous_words: bool = True,
        heteronyms: PathLike | Iterable[str] | None = None,
        use_chars: bool = False,
        phoneme_probability: float | None = None,
        use_stresses: bool | None = True,
        grapheme_case: str | None = GRAPHEME_CASE_UPPER,
        grapheme_prefix: str | None = "",
        mapping_file: str | None = None,
        *,
        word_tokenize_func: Callable[[str], Pieces] | None = None,
        set_graphemes_upper: bool | None = None,
    ) -> None:
        if set_graphemes_upper is not None:
            grapheme_case = "upper" if set_graphemes_upper else "mixed"
        self.locale = locale
        self.use_stresses = use_stresses
        self.use_chars = use_chars or phoneme_probability is not None
        self.grapheme_case = grapheme_case or "mixed"
        self.grapheme_prefix = grapheme_prefix or ""
        tokenize = english_word_tokenize if locale == "en-US" else any_locale_word_tokenize
        super().__init__(
            self._normalized(_dictionary(phoneme_dict)),
            word_tokenize_func or tokenize,
            apply_to_oov_word,
            ignore_ambiguous_words,
            [self._entry(word) for word in words_of(heteronyms)],
            phoneme_probability,
            mapping_file,
        )
        self.symbols = self._symbols()

    def __call__(self, text: str) -> list[str]:
        """The symbols of a text; passages between bars are taken as symbols: `a |h ə| b`."""
        return super().__call__(unicodedata.normalize("NFC", text))

    def replace_dict(self, phoneme_dict: PathLike | Mapping[str, Any]) -> None:
        """Takes another dictionary; its symbols replace the ones before."""
        self.phoneme_dict = self._normalized(_dictionary(phoneme_dict))
        self.symbols = self._symbols()

    def replace_symbols(self, symbols: Collection[str], keep_alternate: bool = True) -> None:
        """Allows certain symbols only, and forgets what the dictionary has with others.

        Args:
            symbols: phonemes, and letters with their prefix if they count.
            keep_alternate: False: a word is forgotten if one of its pronunciations has another symbol, else only
                that pronunciation.
        """
        allowed = set(symbols)
        kept: Pronunciations = {}
        for word, pronunciations in self.phoneme_dict.items():
            legal = [one for one in pronunciations if allowed.issuperset(one)]
            is_spelled = not self.use_chars or allowed.issuperset(self._spelled(word))
            if legal and is_spelled and (keep_alternate or len(legal) == len(pronunciations)):
                kept[word] = legal
        self.phoneme_dict = kept
        self.symbols = allowed

    def _entry(self, word: str) -> str:
        return set_grapheme_case(unicodedata.normalize("NFC", word), self.grapheme_case)

    def _spelled(self, word: str) -> list[str]:
        return [self.grapheme_prefix + letter for letter in word]

    def _with_ending(self, pronunciation: list[str]) -> list[str] | None:
        if not (self.locale or "").startswith("en"):
            return None
        last = pronunciation[-1]
        if last in SIBILANTS:
            return [*pronunciation, "ɪ", "z"]
        return [*pronunciation, "s" if last in VOICELESS else "z"]

    def _normalized(self, entries: Pronunciations) -> Pronunciations:
        """The dictionary in the case of the letters, without stress if none is wanted."""
        normalized: Pronunciations = {}
        for word, pronunciations in entries.items():
            known = normalized.setdefault(self._entry(word), [])
            for one in pronunciations:
                symbols = one if self.use_stresses else [symbol for symbol in one if symbol not in STRESS_SYMBOLS]
                if symbols and symbols not in known:
                    known.append(symbols)
        return {word: known for word, known in normalized.items() if known}

    def _symbols(self) -> set[str]:
        found = {symbol for known in self.phoneme_dict.values() for one in known for symbol in one}
        if self.use_chars:
            found.update(letter for word in self.phoneme_dict for letter in self._spelled(word))
        return found


def _dictionary(source: PathLike | Mapping[str, Any] | None) -> Pronunciations:
    if source is None:
        raise ConfigError("phoneme_dict is missing. Expected a file with lines such as 'HELLO  həˈloʊ'; name one.")
    return read_ipa_dictionary(source) if isinstance(source, (str, os.PathLike)) else checked_pronunciations(source)
