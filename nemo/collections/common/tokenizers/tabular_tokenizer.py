"""Rows of a table as tokens: one value after the other, rows between lines, tables between ends of text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from nemo.collections.common.tokenizers.column_coder import ColumnCodes
from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec, as_list
from nemo.utils.exceptions import ConfigError

END_OF_TEXT = "<|endoftext|>"
NEW_LINE = "\n"


class TabularTokenizer(TokenizerSpec):
    """Cuts text with one row a line and encodes each value with the code of its column.

    Text may begin and end within a row, never within a value: a first line of fewer values has the last columns, a last
    line the first.

    Args:
        coder: the codes of the columns, or the file that ``ColumnCodes.save`` wrote.
        special_tokens: the ends of a text and of a row; they must be among them.
        delimiter: stands between two values.
    """

    def __init__(
        self,
        coder: ColumnCodes | str | os.PathLike[str],
        special_tokens: Sequence[str] = (END_OF_TEXT, NEW_LINE),
        delimiter: str | None = ",",
    ) -> None:
        self.code_column = coder if isinstance(coder, ColumnCodes) else ColumnCodes.load(coder)
        self.num_columns = len(self.code_column.columns)
        self.delimiter = delimiter or ","
        self.special_tokens: list[str] = []
        self.add_special_tokens(special_tokens)
        missing = {END_OF_TEXT, NEW_LINE} - set(self.special_tokens)
        if missing:
            raise ConfigError(
                f"special_tokens lack {missing.pop()!r}. Expected {END_OF_TEXT!r} and {NEW_LINE!r}; add it."
            )

    def add_special_tokens(self, special_tokens: Sequence[str]) -> int:
        """Adds tokens with ids after all others; returns how many were new."""
        new = [token for token in dict.fromkeys(special_tokens) if token not in self.special_tokens]
        self.special_tokens += new
        return len(new)

    @property
    def vocab_size(self) -> int:
        """Number of ids."""
        return self.code_column.vocab_size + len(self.special_tokens)

    @property
    def eod_id(self) -> int:
        """Id of the end of a text."""
        return self._special_id(END_OF_TEXT)

    @property
    def eos_id(self) -> int:
        """Id of the end of a text."""
        return self.eod_id

    @property
    def eor(self) -> int:
        """Id of the end of a row."""
        return self._special_id(NEW_LINE)

    def _special_id(self, token: str) -> int:
        return self.code_column.vocab_size + self.special_tokens.index(token)

    def text_to_tokens(self, text: str) -> list[str]:
        """Values and ends."""
        tokens: list[str] = []
        for number, part in enumerate(text.split(END_OF_TEXT)):
            if number:
                tokens.append(END_OF_TEXT)
            if not part:
                continue
            for row_number, row in enumerate(part.split(NEW_LINE)):
                if row_number:
                    tokens.append(NEW_LINE)
                if row:
                    tokens += [value.strip() for value in row.split(self.delimiter)]
        return tokens

    def tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        """The ids of tokens; several for a value.

        Raises:
            ConfigError: a row has more values than there are columns, or too few and is not the first.
        """
        if isinstance(tokens, str):
            return self._special_id(tokens)
        ids: list[int] = []
        row: list[str] = []
        is_first = True
        for token in [*tokens, None]:
            if token is not None and token not in self.special_tokens:
                row.append(token)
                continue
            ids += self._row_to_ids(row, is_first, is_last=token is None)
            if token is not None:
                ids.append(self._special_id(token))
            row, is_first = [], False
        return ids

    def _row_to_ids(self, row: list[str], is_first: bool, is_last: bool) -> list[int]:
        columns = self.code_column.columns
        if len(row) > len(columns) or (0 < len(row) < len(columns) and not (is_first or is_last)):
            raise ConfigError(
                f"The row {self.delimiter.join(row)!r} has {len(row)} values. Expected {len(columns)}: "
                f"{', '.join(columns)}; mend it, or the delimiter ({self.delimiter!r})."
            )
        named = columns[: len(row)] if is_last else columns[len(columns) - len(row) :]
        pairs = zip(named, row, strict=True)
        return [index for column, value in pairs for index in self.code_column.encode(column, value)]

    def text_to_ids(self, text: str) -> list[int]:
        """The ids of a text."""
        return self.tokens_to_ids(self.text_to_tokens(text))

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """Values and ends; ids before the first whole value of the text are left out."""
        ids = as_list(ids)
        first_special = self.code_column.vocab_size
        starts = self._value_starts()
        tokens: list[str] = []
        place = 0
        while place < len(ids):
            index = ids[place]
            if first_special <= index < self.vocab_size:
                tokens.append(self.special_tokens[index - first_special])
                place += 1
                continue
            column, size = starts.get(index, ("", 0))
            if not size:
                if tokens or not 0 <= index < first_special:
                    raise ConfigError(f"The id {index} begins no value. Expected one of a column's first ids here.")
                place += 1
                continue
            if place + size > len(ids):  # the text ends within this value
                break
            tokens.append(self.code_column.decode(column, ids[place : place + size]))
            place += size
        return tokens

    def _value_starts(self) -> dict[int, tuple[str, int]]:
        """Id with which a value may begin -> column, ids of a value."""
        codes = self.code_column.column_codes.items()
        return {index: (name, code.code_len) for name, code in codes for index in range(*code.code_range[0])}

    def tokens_to_text(self, tokens: Sequence[str]) -> str:
        """The text of values and ends."""
        text = ""
        for token in tokens:
            begins = not text or text.endswith((NEW_LINE, END_OF_TEXT)) or token in self.special_tokens
            text += token if begins else self.delimiter + token
        return text

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of ids."""
        return self.tokens_to_text(self.ids_to_tokens(ids))
