"""Makes a small n-gram language model for beam search from a text file, one sentence a line.

    python scripts/asr_language_modeling/train_ngram.py text.txt words.arpa --order 3
    python scripts/asr_language_modeling/train_ngram.py text.txt tokens.arpa --order 6 --tokenizer tokenizer.model
    python scripts/asr_language_modeling/train_ngram.py text.txt letters.arpa --order 6 --characters

The first is a model of words, for CTC. The others are models of the recogniser's tokens, for CTC and transducers. It
holds all counts in memory: some million words. For more use KenLM's lmplz, whose ARPA files are read as well.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from nemo.collections.asr.decoding.arpa import write_arpa
from nemo.collections.asr.decoding.ngram_estimate import estimate_ngrams


def main() -> None:
    """Reads the arguments, and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path, help="one sentence a line, as the recogniser would write it")
    parser.add_argument("output", type=Path, help="the ARPA file to write")
    parser.add_argument("--order", type=int, default=3, help="length of the longest n-grams")
    parser.add_argument("--tokenizer", type=Path, help="SentencePiece model: cut the text into its pieces")
    parser.add_argument("--characters", action="store_true", help="cut the text into characters")
    options = parser.parse_args()
    write_arpa(options.output, estimate_ngrams(sentences(options), options.order))


def sentences(options: argparse.Namespace) -> Iterator[list[str]]:
    """The words or tokens of each line."""
    tokenizer = None
    if options.tokenizer is not None:
        from nemo.collections.common.tokenizers import SentencePieceTokenizer

        tokenizer = SentencePieceTokenizer(str(options.tokenizer))
    with open(options.text, encoding="utf-8") as lines:
        for line in lines:
            if tokenizer is not None:
                yield tokenizer.text_to_tokens(line.strip())
            elif options.characters:
                yield ["<space>" if character == " " else character for character in line.strip()]
            else:
                yield line.split()


if __name__ == "__main__":
    main()
