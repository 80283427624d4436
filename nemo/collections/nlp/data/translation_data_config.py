"""The `train_ds`, `validation_ds` and `test_ds` sections of a translation model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class TranslationDataConfig:
    """Parallel text, in two files or in tar files of finished batches; keys and defaults are the original's."""

    src_file_name: Any = None
    """Text to translate, one sentence a line; a list for several languages, or for several evaluation sets."""
    tgt_file_name: Any = None
    """Its translation, line by line."""
    use_tarred_dataset: bool = False
    """Read batches that `create_tarred_parallel_dataset.py` wrote."""
    tar_files: Any = None
    """``parallel.batches.tokens.8192._OP_0..9_CL_.tar``; a list for several languages."""
    metadata_file: Any = None
    """The JSON file beside the tar files."""
    lines_per_dataset_fragment: int | None = 1000000
    """Lines that are held in memory together while tar files are written."""
    num_batches_per_tarfile: int | None = 1000
    shard_strategy: str = "scatter"
    """scatter: each tar file is of one process; replicate: all read all and share the batches."""
    tokens_in_batch: int = 512
    """Most tokens of one side of a batch, padding included; a longer sentence is a batch of its own."""
    clean: bool = False
    """Leave out pairs that are too long, too short or too unequal; false: cut what is too long."""
    max_seq_length: int = 512
    """Tokens, start and end included."""
    min_seq_length: int = 1
    max_seq_length_diff: int | None = 512
    """Most tokens by which the sides of a pair may differ, with `clean`."""
    max_seq_length_ratio: float | None = 512
    """Most times one side of a pair may be as long as the other, with `clean`."""
    cache_ids: bool = False
    """Keep tokens in a file beside the texts (NumPy arrays), and read them from there the next time."""
    cache_data_per_node: bool = False
    """Not used: the cache is written once, whoever is first."""
    use_cache: bool = False
    """Read a cache that is there even if the texts have changed since."""
    shuffle: bool = False
    num_samples: int = -1
    """Pairs that are read; -1: all."""
    drop_last: bool = False
    """Not used: batches are not all of one size."""
    pin_memory: bool = False
    num_workers: int = 8
    reverse_lang_direction: bool = False
    """Translate the other way round."""
    load_from_tarred_dataset: bool = False
    """Not used, as in the original."""
    metadata_path: str | None = None
    tar_shuffle_n: int = 100
    """Batches of tar files are mixed through a buffer of this size."""
    n_preproc_jobs: int | None = -2
    """Not used: one process prepares tar files."""
    tar_file_prefix: str | None = "parallel"
    concat_sampling_technique: str | None = "temperature"
    """How several languages share an epoch: temperature, round-robin or random."""
    concat_sampling_temperature: float | None = 5
    concat_sampling_probabilities: list[float] | None = None
    prepare: bool = False
    """Normalise lines and set marks apart, as `translate` does; false: the files hold such text already."""
    seed: int | None = None
    """Of the order; null: that of the run."""
