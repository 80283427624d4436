r"""Brings published classification data into our form: `text<TAB>number of the class` on each line.

    python import_datasets.py --dataset_name sst-2 --source_data_dir SST-2 --target_data_dir prepared
    python import_datasets.py --dataset_name imdb --source_data_dir aclImdb --target_data_dir prepared
    python import_datasets.py --dataset_name tsv --source_data_dir folder --target_data_dir prepared

sst-2: train.tsv and dev.tsv of GLUE. imdb: the folders train and test with pos and neg. tsv: files that are already in
our form, which are checked and copied. Besides, `train_texts.txt` has the training texts alone, for a tokenizer.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.labelled_text import LabelledText, read_labelled_texts
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.utils import logging as nemo_logging
from nemo.utils.atomic import atomic_write

logger = logging.getLogger("nemo.examples")

Parts = Iterator[tuple[str, list[LabelledText]]]


def sst_2(source: Path) -> Parts:
    """GLUE's SST-2: a header, then sentence and label."""
    for part in ("train", "dev"):
        lines = read_lines(source / f"{part}.tsv")[1:]
        rows = [(line, *line.text.rpartition("\t")[::2]) for line in lines]
        for line, text, label in rows:
            if not text or label not in ("0", "1"):
                raise TextFileError(f"{line.place} is {line.text[:80]!r}. Expected sentence<TAB>0 or 1; get it again.")
        yield part, [LabelledText(text.strip(), int(label)) for _, text, label in rows]


def imdb(source: Path) -> Parts:
    """Maas et al., 2011: one review a file, in folders neg (0) and pos (1)."""
    for part in ("train", "test"):
        found = []
        for label, name in enumerate(("neg", "pos")):
            for file in sorted((source / part / name).glob("*.txt")):
                text = " ".join(line.text for line in read_lines(file)).replace("<br />", " ").replace("\t", " ")
                found.append(LabelledText(" ".join(text.split()), label))
        if not found:
            raise TextFileError(f"{source / part} has no reviews. Expected the folders neg and pos with .txt files.")
        yield part, found


def tsv(source: Path) -> Parts:
    """Files in our form."""
    for file in sorted(source.glob("*.tsv")):
        yield file.stem, read_labelled_texts(file)


DATASETS = {"sst-2": sst_2, "imdb": imdb, "tsv": tsv}


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the files; the process's exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset_name", required=True, choices=sorted(DATASETS))
    parser.add_argument("--source_data_dir", required=True, type=Path, help="folder of the data as published")
    parser.add_argument("--target_data_dir", required=True, type=Path, help="folder that gets the files")
    given = parser.parse_args(argv)
    nemo_logging.setLevel(logging.INFO)
    given.target_data_dir.mkdir(parents=True, exist_ok=True)
    try:
        for part, rows in DATASETS[given.dataset_name](given.source_data_dir):
            _write(given.target_data_dir / f"{part}.tsv", [f"{row.text}\t{row.label}" for row in rows])
            logger.info("%s: %d texts, %d classes", part, len(rows), len({row.label for row in rows}))
            if part == "train":
                _write(given.target_data_dir / "train_texts.txt", [row.text for row in rows])
    except TextFileError as error:
        logger.error("%s", error)
        return 1
    return 0


def _write(path: Path, lines: list[str]) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
