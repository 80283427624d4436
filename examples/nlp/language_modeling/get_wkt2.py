"""Makes train, validation and test text for language models, and a tokenizer, from one text such as WikiText.

    python get_wkt2.py --text wiki.train.tokens --data_dir data --vocab_size 2000

Headings (``= Title =``) become the empty lines between documents, paragraphs stay lines, and the marks ``@-@`` and
``@,@`` of WikiText become what they stand for. Documents stay whole, except at the two borders of the parts. Writes
train.txt, valid.txt, test.txt and tokenizer/tokenizer.model to the folder.
"""

from __future__ import annotations

import argparse
import logging
import re
from pathlib import Path

from nemo.collections.common.tokenizers.sentencepiece_tokenizer import create_spt_model
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.utils.atomic import atomic_write

logger = logging.getLogger("nemo.examples")

HEADING = re.compile(r"\s*=.*=\s*")
JOINER = re.compile(r" @([-,.])@ ")


def cleaned(text: str) -> str:
    """A line without WikiText's marks; a heading becomes an empty line."""
    return "" if HEADING.fullmatch(text) else JOINER.sub(r"\1", text).strip()


def split(lines: list[str], parts: tuple[float, float]) -> list[list[str]]:
    """Lines in three parts: training, then these shares for validation and test."""
    first = round(len(lines) * (1 - sum(parts)))
    second = first + round(len(lines) * parts[0])
    return [lines[:first], lines[first:second], lines[second:]]


def main() -> None:
    """Reads the arguments, and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", required=True, help="the text, one sentence or paragraph a line")
    parser.add_argument("--data_dir", type=Path, required=True, help="folder for the results")
    parser.add_argument("--shares", type=float, nargs=2, default=(0.1, 0.1), help="parts for validation and test")
    parser.add_argument("--vocab_size", type=int, default=2000, help="tokens; 0: make no tokenizer")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    options.data_dir.mkdir(parents=True, exist_ok=True)
    lines = [cleaned(line.text) for line in read_lines(options.text)]
    for name, part in zip(("train", "valid", "test"), split(lines, tuple(options.shares)), strict=True):
        with atomic_write(options.data_dir / f"{name}.txt") as temporary:
            temporary.write_text("\n".join(part) + "\n", encoding="utf-8")
        logger.info("%s.txt: %d lines", name, len(part))
    if options.vocab_size:
        create_spt_model(
            str(options.data_dir / "train.txt"),
            vocab_size=options.vocab_size,
            sample_size=-1,
            do_lower_case=False,
            output_dir=str(options.data_dir / "tokenizer"),
            bos=True,
            eos=True,
            pad=True,
        )


if __name__ == "__main__":
    main()
