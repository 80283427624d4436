"""Chinese and Japanese phonemes as tokens, beside Latin letters, from a converter that lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nemo.collections.tts.text.locales import punctuation
from nemo.collections.tts.text.spelling import chinese_text_preprocessing, japanese_text_preprocessing
from nemo.collections.tts.text.token_sequence import token_ids
from nemo.collections.tts.text.tokenizer import BaseTokenizer
from nemo.utils.exceptions import ConfigError


class _ListedTokenizer(BaseTokenizer):
    """Tokens are what the converter lists: the space, its lists one after the other, apostrophe, punctuation."""

    LISTS: tuple[str, ...]
    LOCALE: str
    SPELLING: Callable[[str], str]

    def __init__(
        self,
        g2p: Any,
        punct: bool = True,
        non_default_punct_list: Sequence[str] | None = None,
        *,
        space: str = " ",
        silence: str | None = None,
        apostrophe: bool = True,
        sep: str = "|",
        add_blank_at: str | None = None,
        pad_with_space: bool = False,
        text_preprocessing_func: Callable[[str], str] | None = None,
    ) -> None:
        missing = [name for name in self.LISTS if not hasattr(g2p, name)]
        if missing:
            raise ConfigError(
                f"g2p is a {type(g2p).__name__} without {', '.join(missing)}; expected a converter that lists all "
                "symbols it can give, such as ChineseG2p or JapaneseG2p."
            )
        self.g2p = g2p
        self.punct, self.pad_with_space = punct, pad_with_space
        self.punctuation = list(punctuation(self.LOCALE) if non_default_punct_list is None else non_default_punct_list)
        self.text_preprocessing_func = text_preprocessing_func or type(self).SPELLING
        tokens = [
            space,
            *([silence] if silence is not None else []),
            *(symbol for name in self.LISTS for symbol in getattr(g2p, name)),
            *(["'"] if apostrophe else []),
            *(self.punctuation if punct else []),
        ]
        super().__init__(tokens, sep=sep, add_blank_at=add_blank_at)
        self.space = self._token2id[space]
        if silence is not None:
            self.silence = self._token2id[silence]

    def encode(self, text: str) -> list[int]:
        """The ids of a text; what has no token is left out with a warning."""
        return self.encode_from_g2p(self.g2p(self.text_preprocessing_func(text)), text)

    def encode_from_g2p(self, g2p_text: list[str], raw_text: str | None = None) -> list[int]:
        """The ids of symbols: what the converter gave, or written by hand; `raw_text` is for warnings."""
        source = "".join(g2p_text) if raw_text is None else raw_text
        # every token counts as known: phonemes and tones have prefixes that are no letters
        return token_ids(g2p_text, self._token2id, self.tokens[self.space], self.tokens, self.pad_with_space, source)


class ChinesePhonemesTokenizer(_ListedTokenizer):
    """Mandarin: phonemes, tones and Latin letters of a :class:`~nemo.collections.tts.g2p.chinese.ChineseG2p`.

    Args:
        g2p: text -> symbols, with `phoneme_list`, `tone_list`, `ascii_letter_list`.
        punct: keep punctuation.
        non_default_punct_list: the punctuation, in the order of its ids.
        space: the space's token.
        silence: a token for silence; None: none.
        apostrophe: the apostrophe is a token.
        sep: what joins symbols when ids are decoded.
        add_blank_at: see :class:`~nemo.collections.tts.text.tokenizer.BaseTokenizer`.
        pad_with_space: a space before and after each text.
        text_preprocessing_func: what is done to a text first; None: it is brought to one form of its characters.
    """

    LISTS, LOCALE = ("phoneme_list", "tone_list", "ascii_letter_list"), "zh-CN"
    SPELLING = staticmethod(chinese_text_preprocessing)


class JapanesePhonemeTokenizer(_ListedTokenizer):
    """Japanese: phonemes and Latin letters of a :class:`~nemo.collections.tts.g2p.japanese.JapaneseG2p`.

    Args:
        g2p: text -> symbols, with `phoneme_list`, `ascii_letter_list`.
        punct: keep punctuation.
        non_default_punct_list: the punctuation, in the order of its ids.
        space: the space's token.
        silence: a token for silence; None: none.
        apostrophe: the apostrophe is a token.
        sep: what joins symbols when ids are decoded.
        add_blank_at: see :class:`~nemo.collections.tts.text.tokenizer.BaseTokenizer`.
        pad_with_space: a space before and after each text.
        text_preprocessing_func: what is done to a text first; None: it is brought to one form of its characters.
    """

    LISTS, LOCALE = ("phoneme_list", "ascii_letter_list"), "ja-JP"
    SPELLING = staticmethod(japanese_text_preprocessing)
