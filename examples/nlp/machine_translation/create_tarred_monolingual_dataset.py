r"""Packs sentences as batches of tokens in tar files, for language models.

    python create_tarred_monolingual_dataset.py --fname train.txt --out_dir tarred --tokenizer_name sentencepiece \
        --tokenizer_model tokenizer.model --tokens_in_batch 8192

Then model.train_ds.use_tarred_dataset=true, model.train_ds.tar_files and model.train_ds.metadata_file name what was
written. The tokenizer must be the model's own.
"""

from __future__ import annotations

import argparse
import logging

from nemo.collections.common.tokenizers.by_name import get_tokenizer
from nemo.collections.nlp.data.sentence_lm import SentenceDataset
from nemo.collections.nlp.data.sentence_shards import write_sentence_shards

logger = logging.getLogger("nemo.examples")


def main() -> None:
    """Reads the arguments, and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fname", required=True, help="text, one sentence a line")
    parser.add_argument("--out_dir", required=True, help="folder for the tar files")
    parser.add_argument("--tokenizer_name", default="sentencepiece", help="sentencepiece, yttm, word, char")
    parser.add_argument("--tokenizer_model", help="file of the model")
    parser.add_argument("--vocab_file", help="vocabulary of word and char")
    parser.add_argument("--tokens_in_batch", type=int, default=8192, help="most tokens of a batch, padding included")
    parser.add_argument(
        "--max_seq_length", type=int, default=512, help="tokens of a sentence; longer ones are left out"
    )
    parser.add_argument("--min_seq_length", type=int, default=1, help="shorter ones are left out")
    parser.add_argument("--num_batches_per_tarfile", type=int, default=1000)
    parser.add_argument("--tar_file_prefix", default="sentences")
    parser.add_argument("--seed", type=int, default=0, help="of the order of batches")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    tokenizer = get_tokenizer(options.tokenizer_name, options.tokenizer_model, options.vocab_file)
    dataset = SentenceDataset(
        tokenizer, options.fname, options.tokens_in_batch, True, options.max_seq_length, options.min_seq_length
    )
    planned = dataset.plan(shuffle=True).batches(options.seed, 0, 0, 1)
    batches = [dataset.collate_fn([dataset[number] for number in numbers])[0].numpy() for numbers in planned]
    paths, metadata = write_sentence_shards(
        batches,
        options.out_dir,
        tokenizer,
        options.tokens_in_batch,
        options.num_batches_per_tarfile,
        options.tar_file_prefix,
    )
    logger.info("%d sentences in %d batches in %d tar files; %s", len(dataset), len(batches), len(paths), metadata)


if __name__ == "__main__":
    main()
