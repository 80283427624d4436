"""Words are looked up in a dictionary; what English and IPA conversion share."""

from __future__ import annotations

import random
import re
from abc import abstractmethod
from collections.abc import Callable, Collection
from typing import Any

import torch

from nemo.collections.tts.g2p.base import BaseG2p
from nemo.collections.tts.g2p.dictionaries import Pronunciations
from nemo.collections.tts.text.words import Pieces
from nemo.utils.exceptions import ConfigError

_SPOKEN = re.compile(r"[^\W_]")


class WordLookupG2p(BaseG2p):
    """Looks words up, one after the other; what is not known stays as its letters.

    Args:
        phoneme_dict: word -> pronunciations.
        word_tokenize_func: text -> pieces, each with whether it stays as it is.
        apply_to_oov_word: see :class:`~nemo.collections.tts.g2p.base.BaseG2p`.
        ignore_ambiguous_words: words with several pronunciations count as not known; else the first is taken.
        heteronyms: words that stay as their letters whatever the dictionary says.
        phoneme_probability: the share of words that are looked up, the others stay as letters; None: all.
        mapping_file: see :class:`~nemo.collections.tts.g2p.base.BaseG2p`.

    Raises:
        ConfigError: the probability does not lie between 0 and 1.
    """

    def __init__(
        self,
        phoneme_dict: Pronunciations,
        word_tokenize_func: Callable[[str], Pieces],
        apply_to_oov_word: Callable[[str], Any] | None,
        ignore_ambiguous_words: bool,
        heteronyms: Collection[str],
        phoneme_probability: float | None,
        mapping_file: str | None,
    ) -> None:
        super().__init__(phoneme_dict, word_tokenize_func, apply_to_oov_word, mapping_file)
        if phoneme_probability is not None and not 0 <= phoneme_probability <= 1:
            raise ConfigError(
                f"phoneme_probability is {phoneme_probability}; expected a share from 0 to 1, or null for all words."
            )
        self.ignore_ambiguous_words = ignore_ambiguous_words
        self.heteronyms = set(heteronyms)
        self.phoneme_probability = phoneme_probability
        self._seed: int | None = None
        self._random = random.Random()

    def __call__(self, text: str) -> list[str]:
        """The symbols of a text; passages between bars are taken as symbols: `a |HH EH1| b`."""
        symbols: list[str] = []
        for words, stays in self.word_tokenize_func(text):
            symbols += self._unchanged(words) if stays else self._of_word(words[0])
        return symbols

    @abstractmethod
    def _spelled(self, word: str) -> list[str]:
        """The letters of a word, as symbols."""

    @abstractmethod
    def _with_ending(self, pronunciation: list[str]) -> list[str] | None:
        """A pronunciation with the ending -s; None where the language has no such ending."""

    @abstractmethod
    def _entry(self, word: str) -> str:
        """A word as the dictionary spells it."""

    def is_unique_in_phoneme_dict(self, word: str) -> bool:
        """Whether a word, spelled as in the dictionary, has one pronunciation there."""
        return len(self.phoneme_dict[word]) == 1

    def parse_one_word(self, word: str) -> tuple[list[str], bool]:
        """The symbols of one word, and whether it needs no other attempt (with its parts, where it has hyphens)."""
        entry = self._entry(word)
        if not _SPOKEN.search(word):
            return list(word), True
        if entry in self.heteronyms or not self._is_chosen():
            return self._spelled(entry), True
        pronunciation = self._found(entry)
        if pronunciation is not None:
            return pronunciation, True
        if self.apply_to_oov_word is not None:
            return list(self.apply_to_oov_word(word)), True
        return self._spelled(entry), False

    def _of_word(self, word: str) -> list[str]:
        symbols, is_done = self.parse_one_word(word)
        if is_done or "-" not in word:
            return symbols
        symbols = []
        for part in word.split("-"):
            symbols += [*(["-"] if symbols else []), *(self.parse_one_word(part)[0])]
        return symbols

    def _found(self, entry: str) -> list[str] | None:
        """The pronunciation of a word, or of what is left without 's or s; None: neither is known."""
        if entry in self.phoneme_dict:
            return list(self.phoneme_dict[entry][0]) if self._is_clear(entry) else None
        for ending in ("'s", "s"):
            stem = entry[: -len(ending)]
            if entry.lower().endswith(ending) and stem in self.phoneme_dict and self._is_clear(stem):
                return self._with_ending(self.phoneme_dict[stem][0])
        return None

    def _is_clear(self, entry: str) -> bool:
        return not self.ignore_ambiguous_words or self.is_unique_in_phoneme_dict(entry)

    def _is_chosen(self) -> bool:
        if self.phoneme_probability is None:
            return True
        seed = torch.initial_seed()  # each worker of a loader has its own
        if seed != self._seed:
            self._seed = seed
            self._random.seed(seed)
        return self._random.random() < self.phoneme_probability

    def _unchanged(self, words: list[str]) -> list[str]:
        """What stands between words comes character by character, a passage as the symbols that it names."""
        if len(words) == 1 and not re.search("[A-Za-z]", words[0]):
            return list(words[0])
        return words
