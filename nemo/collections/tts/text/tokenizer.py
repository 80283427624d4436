"""The base of the tokenizers for synthesis: a list of tokens, and ids in its order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from nemo.core.archive.targets import buildable_from_archives
from nemo.utils.exceptions import ConfigError


@buildable_from_archives
class BaseTokenizer(ABC):
    """Tokens of a language, with padding, an optional blank and the unknown token after them.

    Args:
        tokens: the language's own tokens; they get the first ids.
        pad: padding.
        blank: the blank of CTC; it has an id only if `add_blank_at` is given.
        oov: stands for what is not known.
        sep: what joins tokens when ids are decoded.
        add_blank_at: `last`: the blank has the last id; `last_but_one`: the one before; None: there is no blank.
    """

    PAD, BLANK, OOV = "<pad>", "<blank>", "<oov>"

    def __init__(
        self,
        tokens: Iterable[str],
        *,
        pad: str = PAD,
        blank: str = BLANK,
        oov: str = OOV,
        sep: str = "",
        add_blank_at: str | None = None,
    ) -> None:
        if add_blank_at not in (None, "last", "last_but_one"):
            raise ConfigError(
                f"add_blank_at is {add_blank_at!r}; expected last, last_but_one or null. Mend the config."
            )
        special = {None: [pad, oov], "last": [pad, oov, blank], "last_but_one": [pad, blank, oov]}[add_blank_at]
        self.tokens = [*tokens, *special]
        self.sep = sep
        self._token2id = {token: index for index, token in enumerate(self.tokens)}
        self._id2token = self.tokens
        if len(self._token2id) != len(self.tokens):
            twice = sorted({token for token in self.tokens if self.tokens.count(token) > 1})
            raise ConfigError(
                f"{type(self).__name__} would have the tokens {', '.join(map(repr, twice))} twice. Each needs an id of "
                "its own: leave them out of the punctuation, or change the special token."
            )
        self.pad, self.oov = self._token2id[pad], self._token2id[oov]
        self.blank = self._token2id[blank] if add_blank_at is not None else None
        self._special_ids = {self.pad, self.oov, self.blank}

    def __call__(self, text: str) -> list[int]:
        """The ids of a text."""
        return self.encode(text)

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """The ids of a text."""

    def decode(self, tokens: Sequence[int]) -> str:
        """The tokens of ids, joined; special ones are left out."""
        return self.sep.join(self._id2token[int(token)] for token in tokens if int(token) not in self._special_ids)
