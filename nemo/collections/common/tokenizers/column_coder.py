"""Codes for the columns of a table: each value becomes a fixed number of ids, and each column has ids of its own."""

from __future__ import annotations

import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nemo.collections.common.tokenizers.scaling import NoScaling, Scaling, scaling_kind
from nemo.collections.common.tokenizers.vocabulary_file import read_json
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

NAN = "nan"
_WHAT = "the codes of a table's columns, as ColumnCodes.save writes them (JSON)"


class Code(ABC):
    """Values of one column -> `code_len` ids from `start_id` on.

    Args:
        col_name: name of the column.
        code_len: ids of each value.
        start_id: the first id.
    """

    def __init__(self, col_name: str, code_len: int, start_id: int) -> None:
        if code_len < 1:
            raise ConfigError(f"code_len of the column {col_name!r} is {code_len}. Expected at least 1; set it higher.")
        self.name, self.code_len, self.start_id = col_name, code_len, start_id
        self.items: list[list[str]] = [[] for _ in range(code_len)]
        """What the ids of each place stand for, the place with the lowest ids first."""

    @abstractmethod
    def compute_code(self, data_series: np.ndarray) -> None:
        """Learns the code from the values of a column."""

    @abstractmethod
    def encode(self, item: str) -> list[int]:
        """The ids of a value."""

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """The value of ids."""

    @property
    def end_id(self) -> int:
        """The id after the last."""
        return self.start_id + sum(map(len, self.items))

    @property
    def code_range(self) -> list[tuple[int, int]]:
        """For each id of a value, first to last, the lowest one and the one after the highest."""
        starts = self._starts()
        return [(start, start + len(items)) for start, items in zip(starts, self.items, strict=True)][::-1]

    def state(self) -> dict[str, Any]:
        """What :meth:`compute_code` learnt, as JSON."""
        return {"items": self.items}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes what :meth:`state` gave."""
        items = state["items"]
        if (
            not isinstance(items, list)
            or len(items) != self.code_len
            or not all(isinstance(row, list) for row in items)
        ):
            raise ValueError(f"{self.name}: expected {self.code_len} lists of items")
        self.items = [[str(item) for item in row] for row in items]

    def _starts(self) -> list[int]:
        ends = np.cumsum([self.start_id, *map(len, self.items)]).tolist()
        return ends[:-1]

    def _checked(self, ids: Sequence[int]) -> list[str]:
        """The items of ids."""
        found: list[str] = []
        for index, (low, high) in zip(ids, self.code_range, strict=True):
            if not low <= index < high:
                raise ConfigError(f"The id {index} is none of column {self.name!r}. Expected {low} to {high - 1} here.")
            found.append(self.items[self.code_len - 1 - len(found)][index - low])
        return found


class IntCode(Code):
    """Whole numbers as digits, the most significant one first.

    Args:
        col_name: name of the column.
        code_len: number of digits.
        start_id: the first id.
        fillall: have an id for every digit; otherwise only for those of the data, and others become the nearest.
        base: number of different digits.
        hasnan: have an id in each place for a missing value, ``nan``.
    """

    def __init__(
        self, col_name: str, code_len: int, start_id: int, fillall: bool = True, base: int = 100, hasnan: bool = True
    ) -> None:
        super().__init__(col_name, code_len, start_id)
        if base < 2:
            raise ConfigError(f"base of the column {col_name!r} is {base}. Expected at least 2; set it higher.")
        self.base, self.fillall, self.hasnan = base, fillall, hasnan
        self.low = self.high = 0.0
        self.scaling: Scaling = NoScaling()

    def compute_code(self, data_series: np.ndarray) -> None:
        """Learns range and digits from the values of a column; NaN is left out."""
        values = np.asarray(data_series, dtype=np.float64)
        values = values[np.isfinite(values)]
        if not values.size:
            raise ConfigError(f"The column {self.name!r} has no numbers. Expected at least one; leave the column out.")
        scaled = self._learn_scaling(values)
        self.low, self.high = float(scaled.min()), float(scaled.max())
        numbers = self._steps(scaled)
        self.items = []
        for place in range(self.code_len):
            digits = (numbers // self.base**place) % self.base
            largest = int(numbers.max()) // self.base**place
            kept = range(min(self.base, largest + 1)) if self.fillall else sorted(set(digits.tolist()))
            self.items.append([*map(str, kept), *([NAN] if self.hasnan else [])])

    def _learn_scaling(self, values: np.ndarray) -> np.ndarray:
        if self.high_of(values) >= self.base**self.code_len:
            raise ConfigError(
                f"The column {self.name!r} has numbers {self.high_of(values)} apart. Expected less than "
                f"{self.base} ** {self.code_len}; raise base or code_len."
            )
        return values

    @staticmethod
    def high_of(values: np.ndarray) -> int:
        """How far the largest value is from the smallest."""
        return int(values.max() - values.min())

    def _steps(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled values as whole numbers from 0; values out of range become the nearest in it."""
        return np.rint(np.clip(scaled, self.low, self.high) - self.low).astype(np.int64)

    def _value(self, number: int) -> str:
        return str(round(number + self.low))

    def encode(self, item: str) -> list[int]:
        """The ids of the digits of a number; a number that the data does not have becomes the nearest."""
        number = self._number(item)
        if math.isnan(number):
            if not self.hasnan:
                raise ConfigError(
                    f"The column {self.name!r} got {item!r}. Expected a number; build it with hasnan=True."
                )
            return [high - 1 for _, high in self.code_range]
        steps = int(self._steps(self.scaling.forward(np.array([number])))[0])
        ids = []
        for place, start in reversed(list(enumerate(self._starts()))):
            digit = steps // self.base**place % self.base
            digits = [int(known) for known in self.items[place] if known != NAN]
            ids.append(start + min(range(len(digits)), key=lambda index: abs(digits[index] - digit)))
        return ids

    def _number(self, item: str) -> float:
        try:
            return float(item)
        except ValueError as error:
            raise ConfigError(
                f"The column {self.name!r} got {item!r}. Expected a number or nan; mend the row."
            ) from error

    def decode(self, ids: Sequence[int]) -> str:
        """The number that the digits are."""
        digits = self._checked(ids)
        if NAN in digits:
            return NAN
        number = 0
        for digit in digits:
            number = number * self.base + int(digit)
        return self._value(number)

    def state(self) -> dict[str, Any]:
        """Digits and range."""
        return super().state() | {"low": self.low, "high": self.high}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes what :meth:`state` gave."""
        super().restore(state)
        self.low, self.high = float(state["low"]), float(state["high"])


class FloatCode(IntCode):
    """Numbers as digits of their place in the range of the data.

    Args:
        col_name: name of the column.
        code_len: number of digits.
        start_id: the first id.
        fillall: have an id for every digit; otherwise only for those of the data.
        base: number of different digits.
        hasnan: have an id in each place for a missing value, ``nan``.
        transform: scaling before: quantile, yeo-johnson, robust or identity.
    """

    def __init__(
        self,
        col_name: str,
        code_len: int,
        start_id: int,
        fillall: bool = True,
        base: int = 100,
        hasnan: bool = True,
        transform: str = "quantile",
    ) -> None:
        super().__init__(col_name, code_len, start_id, fillall, base, hasnan)
        self._kind = scaling_kind(transform)

    def _learn_scaling(self, values: np.ndarray) -> np.ndarray:
        self.scaling = self._kind.of(values)
        return self.scaling.forward(values)

    @property
    def _step(self) -> float:
        return (self.high - self.low) / (self.base**self.code_len - 1) or 1.0

    def _steps(self, scaled: np.ndarray) -> np.ndarray:
        return np.rint((np.clip(scaled, self.low, self.high) - self.low) / self._step).astype(np.int64)

    def _value(self, number: int) -> str:
        value = float(self.scaling.inverse(np.array([self.low + number * self._step]))[0])
        return f"{value:.{min(17, math.ceil(self.code_len * math.log10(self.base)))}g}"

    def state(self) -> dict[str, Any]:
        """Digits, range and scaling."""
        return super().state() | {"scaling": self.scaling.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes what :meth:`state` gave."""
        super().restore(state)
        self.scaling = self._kind(**state["scaling"])


class CategoryCode(Code):
    """One id for each different value.

    Args:
        col_name: name of the column.
        start_id: the first id.
    """

    def __init__(self, col_name: str, start_id: int) -> None:
        super().__init__(col_name, 1, start_id)
        self._ids: dict[str, int] = {}

    def compute_code(self, data_series: np.ndarray) -> None:
        """Learns the different values, which get their ids in alphabetical order."""
        self._keep(sorted({str(item) for item in np.asarray(data_series).tolist()}))

    def _keep(self, items: Iterable[str]) -> None:
        self.items = [list(items)]
        self._ids = {item: self.start_id + index for index, item in enumerate(self.items[0])}

    def encode(self, item: str) -> list[int]:
        """The id of a value.

        Raises:
            ConfigError: the data did not have it.
        """
        if item not in self._ids:
            raise ConfigError(
                f"The column {self.name!r} has no code for {item!r}. Expected one of the {len(self._ids)} values that "
                f"it was made from, such as {next(iter(self._ids), None)!r}; make the codes from data that has it."
            )
        return [self._ids[item]]

    def decode(self, ids: Sequence[int]) -> str:
        """The value of an id."""
        return self._checked(ids)[0]

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes what :meth:`state` gave."""
        super().restore(state)
        self._keep(self.items[0])


CODES: dict[str, Any] = {"int": IntCode, "float": FloatCode, "category": CategoryCode}


class ColumnCodes:
    """The codes of all columns of a table, one after the other."""

    def __init__(self) -> None:
        self.column_codes: dict[str, Code] = {}
        self._configs: list[dict[str, Any]] = []

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.column_codes)

    @property
    def sizes(self) -> list[int]:
        """Ids of a value of each column."""
        return [code.code_len for code in self.column_codes.values()]

    @property
    def vocab_size(self) -> int:
        """Number of ids."""
        return max((code.end_id for code in self.column_codes.values()), default=0)

    def register(self, name: str, ccode: Code) -> None:
        """Adds the code of a column."""
        self.column_codes[name] = ccode

    def encode(self, col: str, item: str) -> list[int]:
        """The ids of a value of a column."""
        return self._of(col).encode(item)

    def decode(self, col: str, ids: Sequence[int]) -> str:
        """The value of ids of a column."""
        return self._of(col).decode(ids)

    def get_range(self, column_id: int) -> list[tuple[int, int]]:
        """The ranges of the ids of a column, given by its number."""
        return self.column_codes[self.columns[column_id]].code_range

    def _of(self, col: str) -> Code:
        if col not in self.column_codes:
            raise ConfigError(f"There is no column {col!r}. Expected one of {', '.join(self.columns)}; mend the name.")
        return self.column_codes[col]

    @classmethod
    def get_column_codes(
        cls, column_configs: Sequence[Mapping[str, Any]], example_arrays: Mapping[str, np.ndarray]
    ) -> ColumnCodes:
        """Makes the codes of a table.

        Args:
            column_configs: for each column ``{"name", "code_type": "int" | "float" | "category", "args": {...}}``.
            example_arrays: the values of each column.
        """
        codes = cls()
        for config in column_configs:
            codes._add(config).compute_code(example_arrays[config["name"]])
        return codes

    def _add(self, config: Mapping[str, Any]) -> Code:
        name, kind = str(config["name"]), config["code_type"]
        if kind not in CODES:
            raise ConfigError(
                f"The column {name!r} has code_type {kind!r}. Expected {', '.join(CODES)}; set one of these."
            )
        arguments = dict(config.get("args") or {})
        code: Code = CODES[kind](**{"col_name": name, "start_id": self.vocab_size, **arguments})
        self._configs.append({"name": name, "code_type": kind, "args": arguments})
        self.register(name, code)
        return code

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the codes as JSON."""
        columns = [config | {"state": self.column_codes[config["name"]].state()} for config in self._configs]
        with atomic_write(path) as file:
            file.write_text(json.dumps({"columns": columns}), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ColumnCodes:
        """Reads codes that :meth:`save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ConfigError: it is something else, such as a pickle of the original, which could run a program.
        """
        codes = cls()
        content = read_json(path, _WHAT)
        try:
            for config in content["columns"]:
                codes._add(config).restore(config["state"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"{path} is not {_WHAT}: {error!r}. Save the codes again.") from error
        return codes
