"""Characters as tokens; one class for each language, as configs name them.

The space has id 0; then letters, apostrophe, punctuation, padding, the unknown token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nemo.collections.tts.text.locales import PUNCTUATION, letters, punctuation
from nemo.collections.tts.text.spelling import (
    english_text_preprocessing,
    french_text_preprocessing,
    german_text_preprocessing,
    italian_text_preprocessing,
    spanish_text_preprocessing,
)
from nemo.collections.tts.text.token_sequence import token_ids
from nemo.collections.tts.text.tokenizer import BaseTokenizer


def _unchanged(text: str) -> str:
    return text


class BaseCharsTokenizer(BaseTokenizer):
    """Tokens are characters.

    Args:
        chars: the letters, in the order of their ids.
        punct: keep punctuation.
        apostrophe: the apostrophe is a token.
        add_blank_at: see :class:`~nemo.collections.tts.text.tokenizer.BaseTokenizer`.
        pad_with_space: a space before and after each text.
        non_default_punct_list: the punctuation, in the order of its ids.
        text_preprocessing_func: what is done to a text first.
    """

    def __init__(
        self,
        chars: Sequence[str],
        punct: bool = True,
        apostrophe: bool = True,
        add_blank_at: str | None = None,
        pad_with_space: bool = False,
        non_default_punct_list: Sequence[str] | None = None,
        text_preprocessing_func: Callable[[str], str] = _unchanged,
    ) -> None:
        self.punct = punct
        self.punctuation = list(PUNCTUATION if non_default_punct_list is None else non_default_punct_list)
        tokens = [" ", *chars, *(["'"] if apostrophe else []), *(self.punctuation if punct else [])]
        super().__init__(tokens, add_blank_at=add_blank_at)
        self.space = 0
        self.pad_with_space = pad_with_space
        self.text_preprocessing_func = text_preprocessing_func

    def encode(self, text: str) -> list[int]:
        """The ids of a text; characters without a token are left out with a warning."""
        kept = self.punctuation if self.punct else ()
        symbols = self.text_preprocessing_func(text)
        return token_ids(symbols, self._token2id, " ", kept, self.pad_with_space, text)


class LocaleCharsTokenizer(BaseCharsTokenizer):
    """Characters of one language, which a subclass names; arguments as of :class:`BaseCharsTokenizer`."""

    CHARS: str
    MARKS: Sequence[str] | None = None
    """Its punctuation; None: the usual."""
    SPELLING: Callable[[str], str]

    def __init__(
        self,
        punct: bool = True,
        apostrophe: bool = True,
        add_blank_at: str | None = None,
        pad_with_space: bool = False,
        non_default_punct_list: Sequence[str] | None = None,
        text_preprocessing_func: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__(
            self.CHARS,
            punct,
            apostrophe,
            add_blank_at,
            pad_with_space,
            self.MARKS if non_default_punct_list is None else non_default_punct_list,
            type(self).SPELLING if text_preprocessing_func is None else text_preprocessing_func,
        )


class EnglishCharsTokenizer(LocaleCharsTokenizer):
    """English: a to z."""

    CHARS, MARKS = letters("en-US", "lower"), PUNCTUATION
    SPELLING = staticmethod(english_text_preprocessing)


class GermanCharsTokenizer(LocaleCharsTokenizer):
    """German: capital and small letters, so that nouns stay capital if the preprocessing leaves them so."""

    CHARS, MARKS = letters("de-DE", "mixed"), punctuation("de-DE")
    SPELLING = staticmethod(german_text_preprocessing)


class SpanishCharsTokenizer(LocaleCharsTokenizer):
    """Spanish: small letters."""

    CHARS, MARKS = letters("es-ES", "lower"), punctuation("es-ES")
    SPELLING = staticmethod(spanish_text_preprocessing)


class FrenchCharsTokenizer(LocaleCharsTokenizer):
    """French: small letters."""

    CHARS, MARKS = letters("fr-FR", "lower"), punctuation("fr-FR")
    SPELLING = staticmethod(french_text_preprocessing)


class ItalianCharsTokenizer(LocaleCharsTokenizer):
    """Italian: small letters."""

    CHARS, MARKS = letters("it-IT", "lower"), punctuation("it-IT")
    SPELLING = staticmethod(italian_text_preprocessing)
