"""Text files of tokenizers, which may come out of a stranger's archive: read whole, and refused by name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nemo.utils.exceptions import ConfigError

LARGEST_BYTES = 256 * 1024**2
"""The largest published vocabularies have some megabytes."""
LONGEST_LINE = 100_000
"""Characters; a longer line is no token, and would cost time or memory wherever it is used."""


def read_text(path: str | os.PathLike[str], what: str) -> str:
    """The text of a tokenizer's file.

    Args:
        path: the file.
        what: what it should be, for messages: "a vocabulary with one word a line".

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it is empty, too large or not UTF-8 text.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"{path} does not exist. Expected the path of {what}.")
    if file.stat().st_size > LARGEST_BYTES:
        raise ConfigError(
            f"{path} has {file.stat().st_size} bytes. Expected {what}, at most {LARGEST_BYTES}; is it another file?"
        )
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text ({error}). Expected {what}; check the file.") from error
    if not text.strip():
        raise ConfigError(f"{path} is empty. Expected {what}; make the tokenizer again.")
    return text


def read_lines(path: str | os.PathLike[str], what: str, longest: int = LONGEST_LINE) -> list[str]:
    r"""The lines of a tokenizer's file, ended by ``\n`` or ``\r\n``, without their ends.

    Only these end a line: other separators of Unicode may be tokens themselves.

    Args:
        path: the file.
        what: what it should be, for messages.
        longest: characters that a line may have.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it is not such a text, or a line is too long.
    """
    lines = [line.removesuffix("\r") for line in read_text(path, what).removesuffix("\n").split("\n")]
    for number, line in enumerate(lines, start=1):
        if len(line) > longest:
            raise ConfigError(
                f"{path} line {number} has {len(line)} characters and begins {line[:20]!r}. Expected {what}, with "
                f"lines of at most {longest}; check the file."
            )
    return lines


def read_json(path: str | os.PathLike[str], what: str) -> Any:
    """The value of a JSON file of a tokenizer.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it is not JSON.
    """
    return parse_json(read_text(path, what), str(path), what)


def parse_json(text: str, place: str, what: str) -> Any:
    """The value of a JSON text.

    Args:
        text: the text.
        place: where it stands, for messages.
        what: what it should be.

    Raises:
        ConfigError: it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{place} is not JSON ({error}). Expected {what}; check the file.") from error
