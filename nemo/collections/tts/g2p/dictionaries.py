"""Reads pronunciation dictionaries and lists of words; what does not fit is told with file and line."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nemo.collections.common.exceptions import TextFileError
from nemo.utils.exceptions import ConfigError

PathLike = str | os.PathLike[str]
Pronunciations = dict[str, list[list[str]]]
"""Word -> its pronunciations, each a list of symbols; the first is the usual one."""

COMMENTS = (";;;", "#")
VARIANT = re.compile(r"\(\d+\)$")
"""The mark of a second pronunciation: `READ(1)`."""
ARPABET = re.compile(r"[A-Z]{1,2}[0-2]?")


def read_cmu_dictionary(path: PathLike, encoding: str = "latin-1") -> Pronunciations:
    """A dictionary in the format of the CMU Pronouncing Dictionary; words come in small letters.

    `HELLO  HH AH0 L OW1` on each line; further pronunciations as `HELLO(1)`; what follows ` #` is a comment. Entries
    that start with neither a letter nor an apostrophe (`!EXCLAMATION-POINT`) are left out.

    Raises:
        TextFileError: the file is missing or has no entry, or a line is no entry.
    """

    def symbols(pronunciation: str) -> list[list[str]]:
        phonemes = pronunciation.partition(" #")[0].split()
        wrong = [phoneme for phoneme in phonemes if not ARPABET.fullmatch(phoneme)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no phoneme of ARPABET, such as AH0")
        return [phonemes]

    return _read(path, encoding, "HELLO  HH AH0 L OW1", symbols, str.lower)


def read_ipa_dictionary(path: PathLike) -> Pronunciations:
    """A dictionary of the International Phonetic Alphabet, in UTF-8; words stay as they are written, in NFC.

    `HELLO  həˈloʊ` on each line: each character is a symbol, spaces among them do not count, a comma starts another
    pronunciation, slashes around one are left out. A word may have several lines, with or without `(1)`.

    Raises:
        TextFileError: the file is missing, not in UTF-8 or has no entry, or a line is no entry.
    """

    def symbols(pronunciations: str) -> list[list[str]]:
        return [list(re.sub(r"[\s/]+", "", one)) for one in pronunciations.split(",")]

    return _read(path, "utf-8", "HELLO  həˈloʊ", symbols)


def read_symbol_dictionary(path: PathLike) -> Pronunciations:
    """A dictionary with any symbols, in UTF-8: a word or syllable, then its symbols with spaces between them.

    Raises:
        TextFileError: the file is missing, not in UTF-8 or has no entry, or a line is no entry.
    """
    return _read(path, "utf-8", "ni  N I", lambda pronunciation: [pronunciation.split()], first=None)


def read_words(path: PathLike) -> list[str]:
    """A list of words, one a line, such as heteronyms; empty lines do not count.

    Raises:
        TextFileError: the file is missing or not in UTF-8, or a line has several words.
    """
    words = []
    for place, line in lines_of(path, "utf-8", "a file with one word on each line"):
        if len(line.split()) > 1:
            raise TextFileError(f"{place} is {line!r}; expected one word. Put each word on a line of its own.")
        words.append(line)
    return words


def words_of(source: PathLike | Iterable[str] | None) -> list[str]:
    """Words that are given, or the path of a file with them; None: none."""
    if source is None:
        return []
    return read_words(source) if isinstance(source, (str, os.PathLike)) else list(source)


def checked_pronunciations(entries: Mapping[str, Any]) -> Pronunciations:
    """A dictionary that is given as one, word -> list of pronunciations.

    Raises:
        ConfigError: an entry of another form.
    """
    for word, pronunciations in entries.items():
        fits = isinstance(pronunciations, Sequence) and not isinstance(pronunciations, str) and pronunciations
        if not fits or not all(not isinstance(one, str) and len(one) for one in pronunciations):
            raise ConfigError(
                f"phoneme_dict has {word!r}: {pronunciations!r}; expected a list of pronunciations, each a list of "
                "symbols, such as [['HH', 'AH0']]. Mend the entry."
            )
    return {word: [list(one) for one in pronunciations] for word, pronunciations in entries.items()}


def _read(
    path: PathLike,
    encoding: str,
    example: str,
    symbols: Callable[[str], list[list[str]]],
    spelling: Callable[[str], str] = str,
    first: str | None = "'",
) -> Pronunciations:
    """The entries of a file; `first`: what a word may start with beside a letter, None: with anything."""
    found: Pronunciations = {}
    for place, line in lines_of(path, encoding, "a pronunciation dictionary"):
        if line.startswith(COMMENTS) or not (first is None or line[0].isalpha() or line[0] == first):
            continue
        word, _, pronunciation = re.sub(r"\s", " ", line).partition(" ")
        try:
            pronunciations = symbols(pronunciation.strip())
        except ValueError as error:
            raise TextFileError(f"{place}: {error}. Expected an entry such as {example!r}; mend the line.") from None
        if not all(pronunciations):
            raise TextFileError(
                f"{place} is {line!r}: no pronunciation. Expected an entry such as {example!r}; mend the line."
            )
        known = found.setdefault(spelling(VARIANT.sub("", word)), [])
        known.extend(one for one in pronunciations if one not in known)
    if not found:
        raise TextFileError(f"{path} has no entries. Expected lines such as {example!r}; check the path.")
    return found


def lines_of(path: PathLike, encoding: str, expected: str) -> Iterator[tuple[str, str]]:
    """(`file:line`, text in NFC) of each line that is not empty."""
    source = Path(path).expanduser()
    if not source.is_file():
        what = "is a folder" if source.is_dir() else "does not exist"
        raise TextFileError(
            f"{source} {what}. Expected {expected}; check the path (the working folder is {os.getcwd()})."
        )
    with open(source, "rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                text = raw.decode("utf-8-sig" if number == 1 and encoding.lower() == "utf-8" else encoding)
            except UnicodeDecodeError as error:
                raise TextFileError(
                    f"{source}:{number} has the byte {raw[error.start]:#04x}, which is not {encoding}. Expected "
                    f"{expected} in {encoding}; convert it with iconv."
                ) from error
            line = unicodedata.normalize("NFC", text).strip()
            if line:
                yield f"{source}:{number}", line
