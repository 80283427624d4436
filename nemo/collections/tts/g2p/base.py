"""The base of what turns spelling into pronunciation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from nemo.core.archive.targets import buildable_from_archives


def _as_it_is(text: str) -> Any:
    return text


@buildable_from_archives
class BaseG2p(ABC):
    """Text to a list of phonemes, spaces and punctuation.

    Args:
        phoneme_dict: word -> its pronunciations.
        word_tokenize_func: cuts a text into words; see :mod:`nemo.collections.tts.text.words`.
        apply_to_oov_word: word that is not known -> its symbols; None: its letters.
        mapping_file: names of pronunciations, for a model of heteronyms; only kept.
    """

    def __init__(
        self,
        phoneme_dict: Any = None,
        word_tokenize_func: Callable[[str], Any] = _as_it_is,
        apply_to_oov_word: Callable[[str], Any] | None = None,
        mapping_file: str | None = None,
    ) -> None:
        self.phoneme_dict = phoneme_dict
        self.word_tokenize_func = word_tokenize_func
        self.apply_to_oov_word = apply_to_oov_word
        self.mapping_file = mapping_file

    @abstractmethod
    def __call__(self, text: str) -> list[str]:
        """The symbols of a text."""
