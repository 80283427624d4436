"""Reads files with one text, or one text and its labels, on each line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nemo.collections.common.exceptions import TextFileError


@dataclass(frozen=True)
class TextLine:
    """One line of a file, without its end."""

    number: int
    """1 for the first line."""
    text: str
    file: str

    @property
    def place(self) -> str:
        """`file:line`, for messages."""
        return f"{self.file}:{self.number}"


def read_lines(path: str | os.PathLike[str], num_samples: int = -1) -> list[TextLine]:
    r"""The lines of a text file in UTF-8; a byte order mark is left out, `\n` and `\r\n` end a line.

    Args:
        path: the file; `~` is the home folder.
        num_samples: read only so many lines from the start; -1 or 0: all.

    Returns:
        The lines, at least one; empty ones among them.

    Raises:
        TextFileError: the file is missing, empty, or not in UTF-8; the message names the file and the line.
    """
    lines = list(iter_lines(path, num_samples))
    if not lines:
        raise TextFileError(
            f"{Path(path).expanduser()} is empty. Expected a text file with one example on each line; check the path."
        )
    return lines


def iter_lines(path: str | os.PathLike[str], num_samples: int = -1) -> Iterator[TextLine]:
    """The lines of a file one after the other, as :func:`read_lines`; an empty file has none.

    Args:
        path: the file.
        num_samples: read only so many lines from the start; -1 or 0: all.

    Raises:
        TextFileError: the file is missing, or not in UTF-8.
    """
    source = Path(path).expanduser()
    if not source.is_file():
        what = "is a folder" if source.is_dir() else "does not exist"
        raise TextFileError(
            f"{source} {what}. Expected a text file with one example on each line; check the path "
            f"(the working folder is {os.getcwd()})."
        )
    with open(source, "rb") as file:
        for number, raw in enumerate(file, start=1):
            if 0 < num_samples < number:
                break
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise TextFileError(
                    f"{source}:{number} has the byte {raw[error.start]:#04x} at column {error.start + 1}, which is not "
                    f"UTF-8. Expected a text file in UTF-8; convert it: iconv -f ENCODING -t UTF-8 {source.name}"
                ) from error
            yield TextLine(number, text.removesuffix("\n").removesuffix("\r"), str(source))
