"""Words of a fairseq dictionary (``dict.txt``)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec, as_list
from nemo.collections.common.tokenizers.vocabulary_file import read_lines
from nemo.utils.exceptions import ConfigError

_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")


class FairseqTokenizer(TokenizerSpec):
    """Text between white space, looked up in a dictionary of one ``token count`` a line.

    The ids 0 to 3 are ``<s>``, ``<pad>``, ``</s>`` and ``<unk>``; the lines follow.

    Args:
        vocab_file: the ``dict.txt``.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: a line has another form, or two have the same token.
    """

    def __init__(self, vocab_file: str | os.PathLike[str]) -> None:
        tokens = list(_SPECIAL)
        for number, line in enumerate(
            read_lines(vocab_file, "a dict.txt with one token and its count a line"), start=1
        ):
            token, _, count = line.removesuffix(" #fairseq:overwrite").rpartition(" ")
            if not token or not count.isdecimal():
                raise ConfigError(
                    f"{vocab_file} line {number} is {line[:60]!r}. Expected a token, a space and its count; mend it."
                )
            tokens.append(token)
        self._ids = {token: index for index, token in enumerate(tokens)}
        if len(self._ids) < len(tokens):
            twice = next(token for index, token in enumerate(tokens) if self._ids[token] != index)
            raise ConfigError(f"{vocab_file} has {twice!r} twice. Each token has one id; remove one line.")
        self.vocab = tokens
        self.vocab_size = len(tokens)
        self.bos_id, self.pad_id, self.eos_id, self.unk_id = range(4)

    def text_to_tokens(self, text: str) -> list[str]:
        """The words of `text`."""
        return text.split()

    def tokens_to_text(self, tokens: Sequence[str]) -> str:
        """The words, with a space between, without those for start, end and padding."""
        return " ".join(token for token in tokens if token not in _SPECIAL[:3])

    def tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        """The id of each token; one id for a single token."""
        if isinstance(tokens, str):
            return self._ids.get(tokens, self.unk_id)
        return [self._ids.get(token, self.unk_id) for token in tokens]

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The token of each id."""
        return [self.vocab[index] for index in as_list(ids)]

    def text_to_ids(self, text: str) -> list[int]:
        """The ids of the words of `text`."""
        return self.tokens_to_ids(self.text_to_tokens(text))

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of ids."""
        return self.tokens_to_text(self.ids_to_tokens(ids))
