"""German that is written in IPA already, character by character."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nemo.collections.tts.text.chars_tokenizers import BaseCharsTokenizer
from nemo.collections.tts.text.spelling import german_text_preprocessing
from nemo.collections.tts.text.token_sequence import token_ids

GERMAN_IPA = "abdefhijklmnoprstuvwxyzçðøŋœɐɑɒɔəɛɜɡɪɹɾʃʊʌʒː̃"
STRESSES = "12"
"""Primary, secondary, as eSpeak's own alphabet numbers them."""


class GermanPhonemesTokenizer(BaseCharsTokenizer):
    """German phonemes: the texts are in IPA, as a dictionary or eSpeak NG gives it.

    Args:
        punct: keep punctuation.
        apostrophe: the apostrophe is a token.
        add_blank_at: see :class:`~nemo.collections.tts.text.tokenizer.BaseTokenizer`.
        pad_with_space: a space before and after each text.
        non_default_punct_list: the punctuation, in the order of its ids.
        text_preprocessing_func: what is done to a text first.
    """

    def __init__(
        self,
        punct: bool = True,
        apostrophe: bool = True,
        add_blank_at: str | None = None,
        pad_with_space: bool = False,
        non_default_punct_list: Sequence[str] | None = None,
        text_preprocessing_func: Callable[[str], str] = german_text_preprocessing,
    ) -> None:
        super().__init__(
            GERMAN_IPA + STRESSES,
            punct,
            apostrophe,
            add_blank_at,
            pad_with_space,
            non_default_punct_list,
            text_preprocessing_func,
        )

    def encode(self, text: str) -> list[int]:
        """The ids of phonemes; what has no token is left out with a warning."""
        symbols = self.text_preprocessing_func(text)
        # every token counts as known: the mark of nasal vowels is neither a letter nor punctuation
        return token_ids(symbols, self._token2id, " ", self.tokens, self.pad_with_space, text)
