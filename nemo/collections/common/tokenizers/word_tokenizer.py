"""Tokens are words between white space, read from a vocabulary file."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from nemo.collections.common.tokenizers.char_tokenizer import CharTokenizer, given_text, write_vocabulary
from nemo.utils.exceptions import ConfigError


class WordTokenizer(CharTokenizer):
    r"""Words of a vocabulary file.

    The file holds one word a line, or one quoted word a line; otherwise it is as that of a
    :class:`~nemo.collections.common.tokenizers.char_tokenizer.CharTokenizer`, and so are the arguments. White space of
    every kind separates words and is not kept: decoded text has one space between two words.
    """

    _WHAT = "a vocabulary with one word a line, as WordTokenizer.build_vocab writes it"

    @classmethod
    def _tokens(cls, lines: list[str], path: Path, first: int) -> list[str]:
        words = [line.strip() for line in lines]
        if all(len(word) > 2 and word[0] == word[-1] and word[0] in "'\"" for word in words):
            words = [_unquoted(word, f"{path} line {number}") for number, word in enumerate(words, start=first)]
        for number, word in enumerate(words, start=first):
            if word.split() != [word]:
                raise ConfigError(f"{path} line {number} is {word!r}. Expected one word; text is cut at white space.")
        return words

    def text_to_tokens(self, text: str) -> list[str]:
        """The words of `text` that the vocabulary has, or its unknown token in place of the others."""
        unknown = self.special_tokens.get("unk_token")
        tokens = [word if word in self.vocab else unknown for word in text.split()]
        return self._first + [token for token in tokens if token is not None] + self._last

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The words of ids, without special tokens, with a space between."""
        return " ".join(self.inv_vocab[int(index)] for index in ids if int(index) not in self._silent_ids)

    @staticmethod
    def build_vocab(
        save_path: str | os.PathLike[str],
        text: str | None = None,
        text_file_name: str | os.PathLike[str] | None = None,
        characters_to_exclude: Iterable[str] = (),
        vocab_size: int | None = None,
        **special_tokens: str,
    ) -> None:
        """Writes the vocabulary file of a text, most frequent words first.

        Args:
            save_path: file to write.
            text: the text; give this or `text_file_name`.
            text_file_name: UTF-8 file with the text.
            characters_to_exclude: words that get no token, under the name that it has for characters.
            vocab_size: keep this many tokens, special ones included.
            **special_tokens: ``unk_token="[UNK]"`` and so on.
        """
        words = given_text(text, text_file_name).split()
        write_vocabulary(save_path, words, characters_to_exclude, vocab_size, special_tokens, quoted=False)


def _unquoted(word: str, place: str) -> str:
    try:
        return str(ast.literal_eval(word))
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ConfigError(f"{place} is {word!r}. Expected a word, or a quoted word; mend the quotes.") from error
