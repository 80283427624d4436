r"""Makes tar files of batches for punctuation and capitalization, for data that does not fit into memory.

    python create_punctuation_capitalization_tarred_dataset.py --text text_train.txt --labels labels_train.txt \
        --output_dir tarred --tokenizer_name bert-base-uncased --num_batches_per_tarfile 100

Train with model.train_ds.use_tarred_dataset=true model.train_ds.ds_item=tarred and the JSON file that this writes as
model.train_ds.tar_metadata_file. The batches hold numbers only; tar files of the original toolkit, which are pickled,
must be made again with this script.
"""

from __future__ import annotations

import argparse
import logging

from nemo.collections.nlp.data.punctuation_capitalization_tar_writer import create_tarred_dataset


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", "-t", required=True, help="text file, a sentence a line")
    parser.add_argument("--labels", "-L", required=True, help="labels file, a pair for each word")
    parser.add_argument("--output_dir", "-o", required=True, help="folder for the tar files")
    parser.add_argument("--max_seq_length", "-s", type=int, default=512, help="most pieces of a sentence")
    parser.add_argument("--tokens_in_batch", "-b", type=int, default=15000, help="most pieces of a batch")
    parser.add_argument("--lines_per_dataset_fragment", type=int, default=10**6, help="lines sorted together")
    parser.add_argument("--num_batches_per_tarfile", type=int, default=1000, help="batches of a tar file")
    parser.add_argument("--tokenizer_name", "-T", default="bert-base-uncased", help="kind of tokenizer")
    parser.add_argument("--tokenizer_model", "-m", help="file of a sentencepiece model")
    parser.add_argument("--vocab_file", "-v", help="file of the tokens")
    parser.add_argument("--merges_file", "-M", help="file of merges")
    parser.add_argument("--use_fast_tokenizer", action="store_true", help="the variant in Rust")
    parser.add_argument("--pad_label", "-P", default="O", help="label of words without punctuation or capital")
    parser.add_argument("--punct_label_vocab_file", "-p", help="one punctuation label a line; the pad label first")
    parser.add_argument("--capit_label_vocab_file", "-c", help="one capitalization label a line; the pad label first")
    parser.add_argument("--tar_file_prefix", "-x", default="punctuation_capitalization", help="names begin so")
    parser.add_argument("--n_jobs", "-j", type=int, help="accepted for old scripts, without effect")
    return parser.parse_args()


def main() -> None:
    """Reads the arguments, and writes the files."""
    logging.basicConfig(level=logging.INFO)
    options = vars(arguments())
    create_tarred_dataset(options.pop("text"), options.pop("labels"), **options)


if __name__ == "__main__":
    main()
