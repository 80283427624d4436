"""Words and labels for punctuation and capitalization, from written text."""

from __future__ import annotations

import os
import re
from pathlib import Path

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.utils.atomic import atomic_write


def create_text_and_labels(
    output_dir: str | os.PathLike[str], file_path: str | os.PathLike[str], punct_marks: str = ",.?"
) -> None:
    """Writes `text_<file>` with the lower-case words of a text, and `labels_<file>` with their pairs of labels.

    Args:
        output_dir: folder of both files; made if it is not there.
        file_path: a sentence a line, with punctuation and capitals.
        punct_marks: marks that become labels where they end a word; other marks are left out.

    Raises:
        TextFileError: the file cannot be read, or has no words.
    """
    source = Path(file_path)
    pairs = [words_and_labels(line.text, punct_marks) for line in read_lines(source)]
    kept = [(words, labels) for words, labels in pairs if words]
    if not kept:
        raise TextFileError(f"{source} has no words. Expected a sentence on each line; check the file.")
    folder = Path(output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, rows in (("labels", [labels for _, labels in kept]), ("text", [words for words, _ in kept])):
        with atomic_write(folder / f"{kind}_{source.name}") as temporary:
            temporary.write_text("".join(f"{' '.join(row)}\n" for row in rows), encoding="utf-8")


def words_and_labels(sentence: str, punct_marks: str = ",.?") -> tuple[list[str], list[str]]:
    """The lower-case words of a sentence, and a label for each: the mark after it (O: none), U for a capital (else O).

    Args:
        sentence: text with punctuation and capitals.
        punct_marks: marks that become labels.
    """
    kept = re.escape(punct_marks)
    cleaned = re.sub(rf"[^\w\s'{kept}-]|_", " ", sentence)
    words: list[str] = []
    labels: list[str] = []
    for chunk in cleaned.split():
        marks = re.search(rf"[{kept}]+$", chunk) if punct_marks else None
        word = re.sub(rf"(?<!\d)[{kept}]|[{kept}](?!\d)", "", chunk) if punct_marks else chunk
        word = word.strip("'-")
        if not word:
            if marks and words and labels[-1][0] == "O":  # a mark that stands alone follows the word before
                labels[-1] = marks[0][0] + labels[-1][1]
            continue
        words.append(word.lower())
        labels.append((marks[0][0] if marks else "O") + ("U" if word[0].isupper() else "O"))
    return words, labels
