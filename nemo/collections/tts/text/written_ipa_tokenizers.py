"""German and Italian that are written in IPA already, character by character."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nemo.collections.tts.text.chars_tokenizers import BaseCharsTokenizer
from nemo.collections.tts.text.locales import letters, punctuation
from nemo.collections.tts.text.spelling import german_text_preprocessing, italian_text_preprocessing
from nemo.collections.tts.text.token_sequence import token_ids

GERMAN_IPA = "abdefhijklmnoprstuvwxyzçðøŋœɐɑɒɔəɛɜɡɪɹɾʃʊʌʒː̃"
STRESSES = "12"
"""Primary, secondary, as eSpeak's own alphabet numbers them."""
ITALIAN_IPA = "æðøŋœɐɑɒɔəɚɛɜɡɣɪɬɱɲɹɾʃʊʌʎʒʔʝʣʤʦʧβθᵻˈˌː͡"
"""What Italian and the foreign words in it need beside the letters of its spelling."""


class _WrittenIpaTokenizer(BaseCharsTokenizer):
    """Phonemes of one language; a subclass says which.

    Args:
        punct: keep punctuation.
        apostrophe: the apostrophe is a token.
        add_blank_at: see :class:`~nemo.collections.tts.text.tokenizer.BaseTokenizer`.
        pad_with_space: a space before and after each text.
        non_default_punct_list: the punctuation, in the order of its ids.
        text_preprocessing_func: what is done to a text first; None: capitals become small.
    """

    SYMBOLS: str
    MARKS: Sequence[str] | None = None
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
            self.SYMBOLS,
            punct,
            apostrophe,
            add_blank_at,
            pad_with_space,
            self.MARKS if non_default_punct_list is None else non_default_punct_list,
            type(self).SPELLING if text_preprocessing_func is None else text_preprocessing_func,
        )

    def encode(self, text: str) -> list[int]:
        """The ids of phonemes; what has no token is left out with a warning."""
        symbols = self.text_preprocessing_func(text)
        # every token counts as known: marks of length and of nasal vowels are neither letters nor punctuation
        return token_ids(symbols, self._token2id, " ", self.tokens, self.pad_with_space, text)


class GermanPhonemesTokenizer(_WrittenIpaTokenizer):
    """German phonemes: the texts are in IPA, as a dictionary or eSpeak NG gives it."""

    SYMBOLS = GERMAN_IPA + STRESSES
    SPELLING = staticmethod(german_text_preprocessing)


class ItalianPhonemesTokenizer(_WrittenIpaTokenizer):
    """Italian phonemes: the texts are in IPA; words without it may stay in letters, which are tokens, too."""

    SYMBOLS = letters("it-IT", "lower") + ITALIAN_IPA
    MARKS = punctuation("it-IT")
    SPELLING = staticmethod(italian_text_preprocessing)
