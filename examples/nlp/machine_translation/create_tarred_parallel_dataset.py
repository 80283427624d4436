r"""Writes parallel text as tar files of finished batches, for sets that do not fit into memory.

    python create_tarred_parallel_dataset.py --src_fname train.en --tgt_fname train.de --out_dir tarred \
        --encoder_tokenizer_model tokenizer.model --decoder_tokenizer_model tokenizer.model \
        --tokens_in_batch 16000 --num_batches_per_tarfile 1000

Train on them with

    model.train_ds.use_tarred_dataset=true model.train_ds.metadata_file=tarred/metadata.tokens.16000.json

Members are plain arrays (safetensors). The original's tar files hold pickled objects and are not read: write them anew.
"""

import argparse
import logging
from typing import Any

from nemo.collections.common.tokenizers.by_name import get_nmt_tokenizer
from nemo.collections.nlp.data.parallel_text import TextSide, check_roles
from nemo.collections.nlp.data.text_processors import make_processor
from nemo.collections.nlp.data.token_batches import PairLimits
from nemo.collections.nlp.data.translation_preprocessing import write_parallel_tar_files

logger = logging.getLogger("nemo.examples")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--src_fname", required=True, help="text to translate, one sentence a line")
    parser.add_argument("--tgt_fname", required=True, help="its translation, line by line")
    parser.add_argument("--out_dir", required=True, help="folder for the tar files")
    for side in ("encoder", "decoder"):
        parser.add_argument(f"--{side}_tokenizer_name", default="sentencepiece", help="yttm, sentencepiece, ...")
        parser.add_argument(f"--{side}_tokenizer_model", help="file of its model")
        parser.add_argument(f"--{side}_tokenizer_vocab_file", help="its vocabulary")
    parser.add_argument("--tokens_in_batch", type=int, default=16000, help="of each side, padding included")
    parser.add_argument("--num_batches_per_tarfile", type=int, default=1000)
    parser.add_argument("--lines_per_dataset_fragment", type=int, default=1000000, help="lines in memory together")
    parser.add_argument("--tar_file_prefix", default="parallel")
    parser.add_argument("--clean", action="store_true", help="leave out pairs beyond the limits")
    parser.add_argument("--max_seq_length", type=int, default=512)
    parser.add_argument("--min_seq_length", type=int, default=1)
    parser.add_argument("--max_seq_length_diff", type=int, default=512)
    parser.add_argument("--max_seq_length_ratio", type=float, default=512)
    parser.add_argument("--prepare", action="store_true", help="normalise lines and set marks apart")
    parser.add_argument("--src_language", default="en", help="with --prepare")
    parser.add_argument("--tgt_language", default="de", help="with --prepare")
    return parser.parse_args()


def side_of(args: argparse.Namespace, side: str, language: str) -> TextSide:
    """How lines of one side become tokens."""
    given: dict[str, Any] = vars(args)
    library = given[f"{side}_tokenizer_name"]
    tokenizer = get_nmt_tokenizer(
        library=library,
        tokenizer_model=given[f"{side}_tokenizer_model"],
        vocab_file=given[f"{side}_tokenizer_vocab_file"],
    )
    check_roles(tokenizer, f"{side}_tokenizer")
    return TextSide(tokenizer, make_processor(language, library) if args.prepare else None)


def main() -> None:
    """Writes the tar files and their metadata."""
    args = parse()
    limits = PairLimits(args.max_seq_length, args.min_seq_length, args.max_seq_length_diff, args.max_seq_length_ratio)
    metadata = write_parallel_tar_files(
        args.src_fname,
        args.tgt_fname,
        side_of(args, "encoder", args.src_language),
        side_of(args, "decoder", args.tgt_language),
        args.out_dir,
        tokens_in_batch=args.tokens_in_batch,
        limits=limits if args.clean else None,
        lines_per_fragment=args.lines_per_dataset_fragment,
        batches_per_tar=args.num_batches_per_tarfile,
        prefix=args.tar_file_prefix,
    )
    logger.info("%d pairs in %d batches", metadata.num_pairs, metadata.num_batches)


if __name__ == "__main__":
    main()
