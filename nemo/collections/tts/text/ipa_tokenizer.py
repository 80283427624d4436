"""Symbols of the International Phonetic Alphabet as tokens, from a grapheme-to-phoneme converter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nemo.collections.tts.text.locales import punctuation
from nemo.collections.tts.text.spelling import any_locale_text_preprocessing
from nemo.collections.tts.text.token_sequence import token_ids
from nemo.collections.tts.text.tokenizer import BaseTokenizer
from nemo.utils.exceptions import ConfigError


class IPATokenizer(BaseTokenizer):
    """IPA of any locale. The tokens are sorted, so that the same symbols have the same ids everywhere.

    Args:
        g2p: text -> list of symbols; its `symbols` are all that it can give.
        locale: such as `en-US`: chooses the punctuation.
        punct: keep punctuation.
        non_default_punct_list: the punctuation.
        fixed_vocab: these symbols instead of the converter's; what else it gives is left out.
        space: the space's token.
        silence: a token for silence; None: none.
        apostrophe: the apostrophe is a token.
        oov: stands for what is not known.
        sep: what joins symbols when ids are decoded.
        add_blank_at: see :class:`~nemo.collections.tts.text.tokenizer.BaseTokenizer`.
        pad_with_space: a space before and after each text.

    Raises:
        ConfigError: `g2p` has no `symbols`.
    """

    def __init__(
        self,
        g2p: Any,
        locale: str = "en-US",
        punct: bool = True,
        non_default_punct_list: Sequence[str] | None = None,
        fixed_vocab: Iterable[str] | None = None,
        *,
        space: str = " ",
        silence: str | None = None,
        apostrophe: bool = False,
        oov: str = BaseTokenizer.OOV,
        sep: str = "|",
        add_blank_at: str | None = None,
        pad_with_space: bool = False,
    ) -> None:
        if not hasattr(g2p, "symbols"):
            raise ConfigError(
                f"g2p is a {type(g2p).__name__} without `symbols`; expected a converter that lists all symbols it can "
                "give, such as IpaG2p."
            )
        if fixed_vocab is not None and hasattr(g2p, "replace_symbols"):
            fixed_vocab = set(fixed_vocab)
            g2p.replace_symbols(fixed_vocab)  # a word that has another pronunciation gets that one
        self.g2p = g2p
        self.punct, self.pad_with_space = punct, pad_with_space
        self.punctuation = list(punctuation(locale) if non_default_punct_list is None else non_default_punct_list)
        symbols = set(g2p.symbols if fixed_vocab is None else fixed_vocab)
        symbols.update(["'"] if apostrophe else [])
        symbols.update(self.punctuation if punct else [])
        tokens = sorted(symbols)
        tokens += [space] if space not in symbols else []
        tokens += [silence] if silence is not None else []
        super().__init__(tokens, oov=oov, sep=sep, add_blank_at=add_blank_at)
        self.space = self._token2id[space]
        if silence is not None:
            self.silence = self._token2id[silence]

    def encode(self, text: str) -> list[int]:
        """The ids of a text; what has no token is left out with a warning."""
        return self.encode_from_g2p(self.g2p(any_locale_text_preprocessing(text)), text)

    def encode_from_g2p(self, g2p_text: list[str], raw_text: str | None = None) -> list[int]:
        """The ids of symbols: what the converter gave, or written by hand; `raw_text` is for warnings."""
        source = "".join(g2p_text) if raw_text is None else raw_text
        # every token counts as known here: stress and length marks are neither letters nor punctuation
        return token_ids(g2p_text, self._token2id, self.tokens[self.space], self.tokens, self.pad_with_space, source)
