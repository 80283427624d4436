"""German and Italian that are written in IPA already, character by character."""

from __future__ import annotations

from nemo.collections.tts.text.chars_tokenizers import LocaleCharsTokenizer
from nemo.collections.tts.text.locales import letters, punctuation
from nemo.collections.tts.text.spelling import german_text_preprocessing, italian_text_preprocessing
from nemo.collections.tts.text.token_sequence import token_ids

GERMAN_IPA = "abdefhijklmnoprstuvwxyzçðøŋœɐɑɒɔəɛɜɡɪɹɾʃʊʌʒː̃"
STRESSES = "12"
"""Primary, secondary, as eSpeak's own alphabet numbers them."""
ITALIAN_IPA = "æðøŋœɐɑɒɔəɚɛɜɡɣɪɬɱɲɹɾʃʊʌʎʒʔʝʣʤʦʧβθᵻˈˌː͡"
"""What Italian and the foreign words in it need beside the letters of its spelling."""


class _WrittenIpaTokenizer(LocaleCharsTokenizer):
    """Phonemes of one language; arguments as of ``BaseCharsTokenizer``."""

    def encode(self, text: str) -> list[int]:
        """The ids of phonemes; what has no token is left out with a warning."""
        symbols = self.text_preprocessing_func(text)
        # every token counts as known: marks of length and of nasal vowels are neither letters nor punctuation
        return token_ids(symbols, self._token2id, " ", self.tokens, self.pad_with_space, text)


class GermanPhonemesTokenizer(_WrittenIpaTokenizer):
    """German phonemes: the texts are in IPA, as a dictionary or eSpeak NG gives it."""

    CHARS = GERMAN_IPA + STRESSES
    SPELLING = staticmethod(german_text_preprocessing)


class ItalianPhonemesTokenizer(_WrittenIpaTokenizer):
    """Italian phonemes: the texts are in IPA; words without it may stay in letters, which are tokens, too."""

    CHARS = letters("it-IT", "lower") + ITALIAN_IPA
    MARKS = punctuation("it-IT")
    SPELLING = staticmethod(italian_text_preprocessing)
