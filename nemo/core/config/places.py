"""Where each key of a configuration stands, and what is said of it there.

A message about a key is of more use with the file and the line, and with the comment that the file's author wrote:

    manifest_filepath: ???  # lines of {"audio_filepath": ..., "duration": ..., "text": ...}
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import os
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Place:
    """The line of a YAML file that a key stands on."""

    file: str
    line: int
    """Counted from one."""
    comment: str | None
    """What is written behind the value, or in lines of their own above the key."""

    def __str__(self) -> str:
        return f"{self.file} line {self.line}"


class ConfigPlaces:
    """The keys of some YAML files.

    Args:
        files: each file with the section that its keys belong to; "" for the whole configuration. A later file wins.
    """

    def __init__(self, files: Iterable[tuple[Path, str]]) -> None:
        self._places: dict[str, Place] = {}
        for path, section in files:
            self._places.update(_places_in(path, f"{section}." if section else ""))

    def find(self, key: str) -> Place | None:
        """Where a dotted key stands; None if no file has it."""
        return self._places.get(key)

    def named_in(self, text: str) -> dict[str, Place]:
        """The places of all dotted keys that a text mentions."""
        words = {word.strip("`'\"():;,=.").partition("=")[0] for word in text.split()}
        return {word: self._places[word] for word in sorted(words) if "." in word and word in self._places}


def _places_in(path: Path, prefix: str) -> dict[str, Place]:
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):  # Hydra tells what is wrong with it
        return {}
    places: dict[str, Place] = {}
    lines = text.splitlines()
    file = os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)

    def visit(node: Any, prefix: str) -> None:
        if not isinstance(node, yaml.MappingNode):
            return
        for key, value in node.value:
            name = f"{prefix}{key.value}"
            places[name] = Place(file, key.start_mark.line + 1, _comment(lines, key, value))
            visit(value, f"{name}.")

    visit(root, prefix)
    return places


def _comment(lines: list[str], key: Any, value: Any) -> str | None:
    """What stands behind the value, or else in the lines right above the key and as far to the right."""
    is_section = isinstance(value, yaml.CollectionNode) and not value.flow_style
    end = key.end_mark if is_section else value.end_mark
    rest = lines[end.line][end.column :].lstrip(" :") if end.line < len(lines) else ""
    if rest.startswith("#"):
        return rest.lstrip("# ").strip() or None
    above: list[str] = []
    number = key.start_mark.line - 1
    while number >= 0 and lines[number].strip().startswith("#") and _indent(lines[number]) == key.start_mark.column:
        above.insert(0, lines[number].strip().lstrip("# ").strip())
        number -= 1
    if number < 0:  # the head of the file speaks of the whole file
        return None
    return " ".join(above).strip() or None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def described_field(schema: Any, key: str) -> str | None:
    """The string below a field of a dataclass that says what it is; `key` may lead into nested dataclasses."""
    first, _, rest = key.partition(".")
    cls = schema if isinstance(schema, type) else type(schema)
    if not dataclasses.is_dataclass(cls) or first not in {field.name for field in dataclasses.fields(cls)}:
        return None
    if not rest:
        return _strings_below_fields(cls).get(first)
    field = next(each for each in dataclasses.fields(cls) if each.name == first)
    if field.default_factory is not dataclasses.MISSING:
        return described_field(field.default_factory(), rest)
    return described_field(field.default, rest)


def _strings_below_fields(cls: type) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):  # a class made at run time has no source
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, below in zip(body, body[1:], strict=False):
            is_field = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            is_string = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            if is_field and is_string and isinstance(below.value.value, str):  # type: ignore[attr-defined]
                found[field.target.id] = " ".join(below.value.value.split())  # type: ignore[attr-defined]
    return found
