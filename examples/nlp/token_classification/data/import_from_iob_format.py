r"""Makes text and label files from files in IOB format: `word ... label` a line, an empty line between sentences.

    python import_from_iob_format.py --data_file=train.txt

Writes text_train.txt and labels_train.txt into the same folder. Of several columns the first is the word and the last
the label; lines that begin with -DOCSTART- are left out.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.utils.atomic import atomic_write

logger = logging.getLogger("nemo.examples")


def sentences(data_file: Path) -> list[list[tuple[str, str]]]:
    """Words with their labels, sentence by sentence.

    Raises:
        TextFileError: a line has no label, or the file has no words.
    """
    found: list[list[tuple[str, str]]] = [[]]
    for line in read_lines(data_file):
        columns = line.text.split()
        if not columns:
            found.append([])
        elif columns[0] == "-DOCSTART-":
            continue
        elif len(columns) == 1:
            raise TextFileError(
                f"{line.place} has {columns[0]!r} alone. Expected a word and its label, with spaces between; mend the "
                "line."
            )
        else:
            found[-1].append((columns[0], columns[-1]))
    kept = [sentence for sentence in found if sentence]
    if not kept:
        raise TextFileError(f"{data_file} has no words. Expected a word and its label on each line; check the file.")
    return kept


def import_file(data_file: Path) -> tuple[Path, Path]:
    """Writes the two files beside `data_file`, and returns their paths."""
    found = sentences(data_file)
    paths = tuple(data_file.with_name(f"{kind}_{data_file.name}") for kind in ("text", "labels"))
    for column, path in enumerate(paths):
        lines = [" ".join(pair[column] for pair in sentence) for sentence in found]
        with atomic_write(path) as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    logger.info("%s: %d sentences", data_file, len(found))
    return paths[0], paths[1]


def main() -> None:
    """Reads the arguments, and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_file", type=Path, required=True, help="file in IOB format")
    logging.basicConfig(level=logging.INFO)
    import_file(parser.parse_args().data_file)


if __name__ == "__main__":
    main()
