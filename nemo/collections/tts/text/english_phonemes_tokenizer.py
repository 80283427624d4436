"""ARPABET phonemes as tokens, from a grapheme-to-phoneme converter.

The phonemes and their stress digits are those of the CMU Pronouncing Dictionary.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable, Sequence
from typing import Any

from nemo.collections.tts.text.locales import PUNCTUATION
from nemo.collections.tts.text.spelling import english_text_preprocessing
from nemo.collections.tts.text.token_sequence import token_ids
from nemo.collections.tts.text.tokenizer import BaseTokenizer

VOWELS = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split()
CONSONANTS = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split()
STRESSES = ("0", "1", "2")
"""None, primary, secondary."""


def _plain_spelling(text: str) -> str:
    return english_text_preprocessing(text, lower=False)


class EnglishPhonemesTokenizer(BaseTokenizer):
    """English in ARPABET.

    Args:
        g2p: text -> list of phonemes, spaces and punctuation.
        punct: keep punctuation.
        non_default_punct_list: the punctuation, in the order of its ids.
        stresses: vowels with a stress are tokens of their own (`AH0`, `AH1`, `AH2`).
        chars: letters are tokens, too; needed when the converter mixes both (it has a `phoneme_probability`).
        space: the space's token.
        silence: a token for silence; None: none.
        apostrophe: the apostrophe is a token.
        oov: stands for what is not known.
        sep: what joins phonemes when ids are decoded.
        add_blank_at: see :class:`~nemo.collections.tts.text.tokenizer.BaseTokenizer`.
        pad_with_space: a space before and after each text.
        text_preprocessing_func: what is done to a text first.
    """

    def __init__(
        self,
        g2p: Callable[[str], list[str]],
        punct: bool = True,
        non_default_punct_list: Sequence[str] | None = None,
        stresses: bool = False,
        chars: bool = False,
        *,
        space: str = " ",
        silence: str | None = None,
        apostrophe: bool = True,
        oov: str = BaseTokenizer.OOV,
        sep: str = "|",
        add_blank_at: str | None = None,
        pad_with_space: bool = False,
        text_preprocessing_func: Callable[[str], str] = _plain_spelling,
    ) -> None:
        self.g2p = g2p
        self.phoneme_probability: Any = getattr(g2p, "phoneme_probability", None)
        self.chars = chars or self.phoneme_probability is not None
        self.punct, self.stresses, self.pad_with_space = punct, stresses, pad_with_space
        self.punctuation = list(PUNCTUATION if non_default_punct_list is None else non_default_punct_list)
        self.text_preprocessing_func = text_preprocessing_func
        vowels = ["".join(pair) for pair in itertools.product(VOWELS, STRESSES)] if stresses else VOWELS
        tokens = [
            space,
            *([silence] if silence is not None else []),
            *CONSONANTS,
            *vowels,
            *(string.ascii_lowercase if self.chars else []),
            *(["'"] if apostrophe else []),
            *(self.punctuation if punct else []),
        ]
        super().__init__(tokens, oov=oov, sep=sep, add_blank_at=add_blank_at)
        self.space = self._token2id[space]
        if silence is not None:
            self.silence = self._token2id[silence]

    def encode(self, text: str) -> list[int]:
        """The ids of a text; what has no token is left out with a warning."""
        return self.encode_from_g2p(self.g2p(self.text_preprocessing_func(text)), text)

    def encode_from_g2p(self, g2p_text: list[str], raw_text: str | None = None) -> list[int]:
        """The ids of phonemes.

        Args:
            g2p_text: what the converter gave, or phonemes by hand.
            raw_text: where they come from, for warnings.
        """
        symbols = g2p_text if self.stresses else [_without_stress(symbol) for symbol in g2p_text]
        kept = self.punctuation if self.punct else ()
        source = "".join(g2p_text) if raw_text is None else raw_text
        return token_ids(symbols, self._token2id, self.tokens[self.space], kept, self.pad_with_space, source)


def _without_stress(symbol: str) -> str:
    return symbol[:2] if len(symbol) == 3 and symbol.isalnum() else symbol
