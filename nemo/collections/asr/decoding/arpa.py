"""N-gram language models in ARPA files, the text form that KenLM, SRILM and others write.

Each line of a section has ``log10 p(word | context)``, the n-gram, and the log10 weight of backing off from it.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from nemo.collections.common.exceptions import LanguageModelError
from nemo.utils.atomic import atomic_write

LN_10 = math.log(10.0)
UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"
SPELLINGS = {"<UNK>": UNKNOWN, "<S>": BEGIN, "</S>": END}
UNKNOWN_LOG10 = -100.0
"""Of a word that a model without <unk> lacks; KenLM's number."""
HEAD = b"\\data\\"


@dataclass
class NGrams:
    """All n-grams of one length n."""

    words: np.ndarray
    """[N, n] word ids."""
    log_probs: np.ndarray
    """[N], natural logarithm."""
    backoffs: np.ndarray
    """[N], natural logarithm; 0 where the file has none."""


def is_arpa(path: Path) -> bool:
    """Whether the file begins as an ARPA file does; one packed by gzip is looked into."""
    with open(path, "rb") as raw:
        head = raw.read(4096)
    if head[:2] == b"\x1f\x8b":
        with gzip.open(path, "rb") as unpacked:
            head = unpacked.read(4096)
    return HEAD in head


def read_arpa(path: Path) -> tuple[list[str], list[NGrams]]:
    """Reads a file, packed by gzip or not.

    Returns:
        The words, ``<unk>`` among them, and the n-grams of each length; a word's id is its place in the list, and each
        has a unigram.

    Raises:
        LanguageModelError: the file is cut off, or a line is not as it should be.
    """
    with open(path, "rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    opened: IO[str] = (gzip.open if packed else open)(path, "rt", encoding="utf-8", newline="\n")
    ids: dict[str, int] = {}
    levels: list[NGrams] = []
    with opened as file:
        lines = _Lines(file, path)
        while (section := lines.next_section()) is not None:
            if section != len(levels) + 1:
                raise lines.fault(f"the section of {section}-grams follows that of {len(levels)}-grams")
            levels.append(_read_section(lines, section, ids))
    if not levels:
        raise LanguageModelError(f"{path} has no \\1-grams: section; expected an n-gram model in ARPA form.")
    if UNKNOWN not in ids:
        ids[UNKNOWN] = len(ids)
        only = NGrams(np.array([[ids[UNKNOWN]]]), np.array([UNKNOWN_LOG10 * LN_10]), np.zeros(1))
        levels[0] = NGrams(
            np.concatenate((levels[0].words, only.words)),
            np.concatenate((levels[0].log_probs, only.log_probs)),
            np.concatenate((levels[0].backoffs, only.backoffs)),
        )
    return list(ids), levels


class _Lines:
    """The lines of a file, cut into fields; knows where it is."""

    def __init__(self, file: IO[str], path: Path) -> None:
        self.number = 0
        self._path = path
        self._lines = iter(file)

    def next_section(self) -> int | None:
        """Goes on to the head of the next section and returns its length of n-grams; None at the file's end mark."""
        for line in self._lines:
            self.number += 1
            line = line.strip()
            if line == "\\end\\":
                return None
            if line.startswith("\\") and line.endswith("-grams:"):
                if not line[1:-7].isdigit():
                    raise self.fault(f"{line!r} does not say how long its n-grams are")
                return int(line[1:-7])
        raise self.fault("the file ends without \\end\\; it may have been cut off")

    def entries(self) -> Iterator[list[str]]:
        """The fields of each line, up to an empty one."""
        for line in self._lines:
            self.number += 1
            # only these two part fields: words may be other white space, as the models of subwords have them
            fields = [field for field in line.rstrip("\r\n").replace("\t", " ").split(" ") if field]
            if not fields:
                return
            yield fields
        raise self.fault("the file ends without \\end\\; it may have been cut off")

    def fault(self, what: str) -> LanguageModelError:
        return LanguageModelError(f"{self._path}, line {self.number}: {what}. Expected an n-gram model in ARPA form.")


def _read_section(lines: _Lines, length: int, ids: dict[str, int]) -> NGrams:
    words: list[int] = []
    numbers: list[float] = []
    for fields in lines.entries():
        if len(fields) not in (length + 1, length + 2):
            raise lines.fault(f"{' '.join(fields)!r} is no {length}-gram with a log-probability")
        grams = [SPELLINGS.get(word, word) for word in fields[1 : length + 1]]
        try:
            numbers += (float(fields[0]), float(fields[length + 1]) if len(fields) > length + 1 else 0.0)
        except ValueError:
            raise lines.fault(f"{' '.join(fields)!r} has no number where one should be") from None
        if length == 1:
            if grams[0] in ids:
                raise lines.fault(f"the word {grams[0]!r} is there twice")
            ids[grams[0]] = len(ids)
        try:
            words += [ids[word] for word in grams]
        except KeyError as error:
            raise lines.fault(f"the word {error.args[0]!r} is not among the unigrams") from None
    both = np.array(numbers, dtype=np.float64).reshape(-1, 2) * LN_10
    return NGrams(np.array(words, dtype=np.int64).reshape(-1, length), both[:, 0], both[:, 1])


Entry = tuple[float, float | None]
"""log10 probability and log10 back-off weight; None: the line has none."""


def write_arpa(path: Path, levels: Sequence[Mapping[tuple[str, ...], Entry]]) -> None:
    """Writes n-grams, those of length 1 first, to a file that appears when it is complete."""
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write("\\data\\\n")
        for length, entries in enumerate(levels, start=1):
            file.write(f"ngram {length}={len(entries)}\n")
        for length, entries in enumerate(levels, start=1):
            file.write(f"\n\\{length}-grams:\n")
            for words, (log_prob, backoff) in entries.items():
                end = "" if backoff is None else f"\t{backoff:.7g}"
                file.write(f"{log_prob:.7g}\t{' '.join(words)}{end}\n")
        file.write("\n\\end\\\n")
