r"""Gets the sentences of Tatoeba (tatoeba.org, CC BY 2.0 FR) and makes punctuation and capitalization data of them.

    python get_tatoeba_data.py --data_dir=data --num_samples=100000

Writes text_train.txt, labels_train.txt, text_dev.txt and labels_dev.txt. Sentences of one language are taken that end
with a full stop, a question or an exclamation mark; several are joined to a line, so that marks stand within lines too.
A file that is there already is not downloaded again.
"""

from __future__ import annotations

import argparse
import logging
import random
from pathlib import Path

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.plain_words import create_text_and_labels
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.utils.atomic import atomic_write
from nemo.utils.download import download

logger = logging.getLogger("nemo.examples")

URL = "https://downloads.tatoeba.org/exports/sentences.csv"
ENDS = (".", "?", "!")


def sentences(file: Path, language: str) -> list[str]:
    """The sentences of one language in a file with number, language and sentence, tabs between.

    Raises:
        TextFileError: there are none.
    """
    found = []
    for line in read_lines(file):
        columns = line.text.split("\t")
        if len(columns) == 3 and columns[1] == language and columns[2].strip().endswith(ENDS):
            found.append(columns[2].strip().replace("!", "."))
    if not found:
        raise TextFileError(
            f"{file} has no sentences in {language!r}. Expected lines of number, language (eng) and sentence, with "
            "tabs between; check --language."
        )
    return found


def joined(texts: list[str], most: int, generator: random.Random) -> list[str]:
    """Lines of one to `most` sentences."""
    lines = []
    while texts:
        count = generator.randint(1, most)
        lines.append(" ".join(texts[:count]))
        texts = texts[count:]
    return lines


def main() -> None:
    """Reads the arguments, gets the data, and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", type=Path, required=True, help="folder for the data")
    parser.add_argument("--num_samples", type=int, default=-1, help="sentences; -1: all")
    parser.add_argument("--percent_dev", type=float, default=2.0, help="part of the lines for validation, in percent")
    parser.add_argument("--language", default="eng", help="code of the language")
    parser.add_argument("--sentences_per_line", type=int, default=3, help="most sentences of a line")
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    parser.add_argument("--url", default=URL, help="address of sentences.csv")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    file = download(options.url, options.data_dir / "sentences.csv")
    generator = random.Random(options.seed)
    found = sentences(file, options.language)
    generator.shuffle(found)
    if options.num_samples >= 0:
        found = found[: options.num_samples]
    lines = joined(found, options.sentences_per_line, generator)
    dev = max(1, round(len(lines) * options.percent_dev / 100))
    for name, part in (("dev", lines[:dev]), ("train", lines[dev:])):
        with atomic_write(options.data_dir / f"{name}.txt") as temporary:
            temporary.write_text("\n".join(part) + "\n", encoding="utf-8")
        create_text_and_labels(options.data_dir, options.data_dir / f"{name}.txt")
        logger.info("%s: %d lines", name, len(part))


if __name__ == "__main__":
    main()
