r"""Trains the tokenizer of a speech model on the texts of manifests, or on a text file.

    python process_asr_text_tokenizer.py --manifest=train.json --data_root=tokenizers \
        --vocab_size=1024 --tokenizer=spe --spe_type=bpe

The folder that it prints is the model's `model.tokenizer.dir`; `model.tokenizer.type` is bpe for --tokenizer=spe and
wpe for --tokenizer=wpe.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from nemo.collections.common.data.manifest import read_manifest_objects, split_paths
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.common.tokenizers.sentencepiece_tokenizer import create_spt_model
from nemo.utils import logging as nemo_logging
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

logger = logging.getLogger("nemo.scripts")


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--manifest", help="manifests with texts, commas between")
    source.add_argument("--data_file", help="UTF-8 text, one sentence a line")
    parser.add_argument("--data_root", required=True, help="folder that gets the folder of the tokenizer")
    parser.add_argument("--vocab_size", type=int, default=1024, help="number of pieces")
    parser.add_argument("--tokenizer", choices=["spe", "wpe"], default="wpe", help="SentencePiece or WordPiece")
    parser.add_argument(
        "--wpe_min_frequency",
        type=int,
        default=2,
        help="how often two pieces must meet to become one; 1 for small texts",
    )
    parser.add_argument("--no_lower_case", dest="lower_case", action="store_false", help="keep capital letters")
    parser.add_argument("--log", action="store_true", help="tell what is done")
    spe = parser.add_argument_group("SentencePiece")
    spe.add_argument("--spe_type", choices=["bpe", "unigram", "char", "word"], default="bpe")
    spe.add_argument("--spe_character_coverage", type=float, default=1.0, help="share of characters with own pieces")
    spe.add_argument("--spe_sample_size", type=int, default=-1, help="sentences to train on; -1 for all")
    spe.add_argument("--spe_train_extremely_large_corpus", action="store_true", help="use less memory a sentence")
    spe.add_argument("--spe_max_sentencepiece_length", type=int, default=-1, help="longest piece; -1 for 16")
    spe.add_argument("--spe_bos", action="store_true", help="have a piece for the start of a text")
    spe.add_argument("--spe_eos", action="store_true", help="have a piece for the end of a text")
    spe.add_argument("--spe_pad", action="store_true", help="have a piece for padding")
    spe.add_argument("--spe_control_symbols", nargs="+", default=None, help="pieces that text never yields")
    spe.add_argument("--spe_user_defined_symbols", nargs="+", default=None, help="pieces that are never cut")
    spe.add_argument("--spe_byte_fallback", action="store_true", help="write unknown characters as bytes")
    spe.add_argument("--spe_split_digits", action="store_true", help="every digit is a piece")
    spe.add_argument("--spe_remove_extra_whitespaces", action="store_true", help="collapse runs of spaces")
    for name in ("split_by_whitespace", "split_by_unicode_script"):
        spe.add_argument(f"--spe_no_{name}", dest=f"spe_{name}", action="store_false", help="let pieces cross these")
    return parser.parse_args(argv)


def corpus_of(manifests: str, folder: Path) -> Path:
    """Writes the texts of manifests to a file, one a line."""
    corpus = folder / "text_corpus" / "document.txt"
    corpus.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with atomic_write(corpus) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for path in split_paths(manifests):
            for number, item in enumerate(read_manifest_objects(path), start=1):
                if not isinstance(item.get("text"), str):
                    raise ManifestError(
                        f'{path}, object {number}: "text" is {item.get("text")!r}. Expected a string; mend the line.'
                    )
                file.write(item["text"].replace("\n", " ") + "\n")
                count += 1
    logger.info("%d texts of %s are in %s", count, manifests, corpus)
    return corpus


def train_sentencepiece(args: argparse.Namespace, corpus: Path, folder: Path) -> Path:
    """Trains the SentencePiece tokenizer; returns its folder."""
    name = f"tokenizer_spe_{args.spe_type}_v{args.vocab_size}"
    if args.spe_max_sentencepiece_length > 0:
        name += f"_max_{args.spe_max_sentencepiece_length}"
    name += "".join(f"_{piece}" for piece in ("pad", "bos", "eos") if getattr(args, f"spe_{piece}"))
    given = vars(args)
    named = ("spe_type", "spe_sample_size")
    options = {key[len("spe_") :]: given[key] for key in given if key.startswith("spe_") and key not in named}
    create_spt_model(
        corpus,
        args.vocab_size,
        args.spe_sample_size,
        args.lower_case,
        tokenizer_type=args.spe_type,
        output_dir=str(folder / name),
        **options,
    )
    return folder / name


def train_wordpiece(args: argparse.Namespace, corpus: Path, folder: Path) -> Path:
    """Trains the WordPiece tokenizer; returns its folder."""
    tokenizers = require("tokenizers", extra="nlp", purpose="Training a WordPiece tokenizer")
    trainer = tokenizers.BertWordPieceTokenizer(lowercase=args.lower_case)
    trainer.train(str(corpus), vocab_size=args.vocab_size, min_frequency=args.wpe_min_frequency, show_progress=False)
    pieces = sorted(trainer.get_vocab().items(), key=lambda piece: piece[1])
    made = folder / f"tokenizer_wpe_v{args.vocab_size}"
    made.mkdir(parents=True, exist_ok=True)
    with atomic_write(made / "vocab.txt") as temporary:
        temporary.write_text("".join(f"{piece}\n" for piece, _ in pieces), encoding="utf-8")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Trains; returns the exit status."""
    args = arguments(argv)
    nemo_logging.setLevel(logging.INFO if args.log else logging.WARNING)
    folder = Path(args.data_root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        corpus = corpus_of(args.manifest, folder) if args.manifest else Path(args.data_file)
        if not corpus.is_file():
            raise ConfigError(f"--data_file {corpus} does not exist. Expected a UTF-8 text file; mend the path.")
        train = train_sentencepiece if args.tokenizer == "spe" else train_wordpiece
        sys.stdout.write(f"{train(args, corpus, folder)}\n")
    except (ConfigError, ManifestError, OSError, ImportError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
