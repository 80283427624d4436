"""Tokens are what a regular expression finds, as for molecules in SMILES (Schwaller et al., 2018)."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec, as_list
from nemo.collections.common.tokenizers.vocabulary_file import read_lines
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

_LONGEST_REGEX = 10_000


class RegExTokenizer(TokenizerSpec):
    """Cuts text into the matches of a regular expression; what matches nowhere is left out.

    A new tokenizer knows its special tokens only; :meth:`build_vocab_from_csv`, :meth:`build_vocab_from_text` or
    :meth:`load_tokenizer` give it a vocabulary.

    Args:
        regex: the expression; it has no groups, or what its one group matches are the tokens.
        mask_token: mask.
        bos_token: stands before the tokens of every text.
        eos_token: stands after them.
        pad_token: padding.
        sep_token: separator.
        unk_token: stands for a match that is not in the vocabulary.

    Raises:
        ConfigError: `regex` is no regular expression.
    """

    def __init__(
        self,
        regex: str = "",
        mask_token: str = "<MASK>",
        bos_token: str = "^",
        eos_token: str = "&",
        pad_token: str = "<PAD>",
        sep_token: str = "<SEP>",
        unk_token: str = "?",
    ) -> None:
        self.mask_token, self.bos_token, self.eos_token = mask_token, bos_token, eos_token
        self.pad_token, self.sep_token, self.unk_token = pad_token, sep_token, unk_token
        self._set_regex(regex, "regex")
        self._set_vocabulary([pad_token, unk_token, bos_token, eos_token, mask_token, sep_token])

    def _set_regex(self, regex: str, place: str) -> None:
        try:
            self._pattern = re.compile(regex)
        except (re.error, RecursionError, OverflowError) as error:
            raise ConfigError(f"{place} is {regex!r}, no regular expression: {error}. Mend it.") from error
        if self._pattern.groups > 1:
            raise ConfigError(
                f"{place} is {regex!r}, with {self._pattern.groups} groups. Write (?:...) for all but one."
            )
        self.regex = regex

    def _set_vocabulary(self, tokens: Iterable[str]) -> None:
        self.vocab = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
        self._tokens = list(self.vocab)

    @property
    def vocab_size(self) -> int:
        """Number of tokens, special ones included."""
        return len(self.vocab)

    def text_to_tokens(self, text: str) -> list[str]:
        """The matches in `text`, between the tokens for start and end."""
        return [self.bos_token, *self._matches(text), self.eos_token]

    def tokens_to_text(self, tokens: Sequence[str]) -> str:
        """The tokens of one text joined, without those for start, end and padding."""
        silent = (self.bos_token, self.eos_token, self.pad_token)
        return "".join(token for token in tokens if token not in silent)

    def text_to_ids(self, text: str) -> list[int]:
        """The ids of the matches in `text`, between those for start and end."""
        return self.tokens_to_ids(self.text_to_tokens(text))

    def tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        """The id of each token; one id for a single token."""
        if isinstance(tokens, str):
            return self.vocab.get(tokens, self.unk_id)
        return [self.vocab.get(token, self.unk_id) for token in tokens]

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The token of each id."""
        return [self._tokens[index] for index in as_list(ids)]

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of ids, without start, end and padding."""
        return self.tokens_to_text(self.ids_to_tokens(ids))

    @property
    def pad_id(self) -> int:
        """Id of padding."""
        return self.vocab[self.pad_token]

    @property
    def unk_id(self) -> int:
        """Id of matches that are not in the vocabulary."""
        return self.vocab[self.unk_token]

    @property
    def bos_id(self) -> int:
        """Id of the start of a text."""
        return self.vocab[self.bos_token]

    @property
    def eos_id(self) -> int:
        """Id of the end of a text."""
        return self.vocab[self.eos_token]

    @property
    def mask_id(self) -> int:
        """Id of the mask."""
        return self.vocab[self.mask_token]

    @property
    def sep_id(self) -> int:
        """Id of the separator."""
        return self.vocab[self.sep_token]

    # ------------------------------------------------------------------------------------------------------- files

    def build_vocab_from_csv(self, data_csv_file: str | os.PathLike[str], col: str = "smiles") -> None:
        """Adds the matches in a column of a CSV file, in the order in which they are met.

        Raises:
            FileNotFoundError: there is no such file.
            ConfigError: it has no such column.
        """
        path = Path(data_csv_file)
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist. Expected a CSV file with a column {col!r}.")
        with open(path, encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if col not in (rows.fieldnames or ()):
                raise ConfigError(
                    f"{path} has the columns {', '.join(rows.fieldnames or ()) or '(none)'}. Expected {col!r}; name "
                    "another with col=..."
                )
            self._add_matches(row[col] or "" for row in rows)

    def build_vocab_from_text(self, data_text_file: str | os.PathLike[str]) -> None:
        """Adds the matches in the lines of a text file, in the order in which they are met."""
        self._add_matches(read_lines(data_text_file, "a text file"))

    def _add_matches(self, texts: Iterable[str]) -> None:
        self._set_vocabulary([*self._tokens, *(token for text in texts for token in self._matches(text))])

    def _matches(self, text: str) -> list[str]:
        return [match for match in self._pattern.findall(text) if match]

    def save_tokenizer(self, regex_file: str | os.PathLike[str], vocab_file: str | os.PathLike[str]) -> None:
        """Writes the expression, and the tokens one a line."""
        with atomic_write(regex_file) as path:
            path.write_text(self.regex, encoding="utf-8")
        with atomic_write(vocab_file) as path:
            path.write_text("".join(f"{token}\n" for token in self._tokens), encoding="utf-8")

    def load_tokenizer(
        self, regex_file: str | os.PathLike[str] | None = None, vocab_file: str | os.PathLike[str] | None = None
    ) -> RegExTokenizer:
        """Takes the expression and the tokens of files, and returns itself.

        Args:
            regex_file: the expression; None keeps the present one.
            vocab_file: the tokens; None keeps the present ones.

        Raises:
            FileNotFoundError: a file is missing.
            ConfigError: a file is not what it should be, or a special token is not in it.
        """
        if regex_file is not None:
            lines = read_lines(regex_file, "a regular expression in one line", longest=_LONGEST_REGEX)
            self._set_regex(lines[0].strip(), str(regex_file))
        if vocab_file is not None:
            tokens = [line for line in read_lines(vocab_file, "a vocabulary with one token a line") if line]
            needed = (self.pad_token, self.unk_token, self.bos_token, self.eos_token)
            missing = [token for token in needed if token not in tokens]
            if missing:
                raise ConfigError(
                    f"{vocab_file} has no {missing[0]!r}, which is a special token of this tokenizer. Add it, or name "
                    "the one it has when the tokenizer is built."
                )
            self._set_vocabulary(tokens)
        return self
