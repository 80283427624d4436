"""Sentences for language models: tokens with start and end, in batches of about as many tokens each."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nemo.collections.common.data.batch_plan import FixedBatches, make_planned_loader
from nemo.collections.common.data.bucketing import LengthBuckets
from nemo.collections.common.data.resumable_loader import ResumableDataLoader
from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.sentence_shards import TarredSentenceDataset
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.collections.nlp.data.token_batches import TokenTexts
from nemo.core.classes.dataset import Dataset
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

SentenceBatch = tuple[Tensor, Tensor]
"""input_ids [B, T] with start and end tokens, mask [B, T], 1 where there is no padding."""

BATCHES_OF_BUCKET = 4
MOST_BUCKETS = 40
UNUSED_KEYS = (
    "predict_last_k", "cache_ids", "cache_data_per_node", "use_cache", "batch_size", "metadata_path",
    "num_batches_per_tarfile", "lines_per_dataset_fragment", "n_preproc_jobs", "tar_file_prefix", "dataset",
)  # fmt: skip
"""Keys of the original's sections that change nothing here."""


@dataclass
class SentenceDataConfig:
    """A dataset section of a language model; keys are the original's."""

    file_name: str | None = None
    """Text in UTF-8, one sentence a line; empty lines are passed over."""
    use_tarred_dataset: bool = False
    """Read batches that `create_tarred_monolingual_dataset.py` wrote."""
    tar_files: Any = None
    """``sentences.batches.tokens.8192._OP_0..9_CL_.tar``."""
    metadata_file: str | None = None
    """The JSON file beside the tar files."""
    shard_strategy: str = "scatter"
    """scatter: each tar file is of one process; replicate: all read all and share the batches."""
    tar_shuffle_n: int = 100
    """Batches of tar files are mixed through a buffer of this size."""
    tokens_in_batch: int = 512
    """Most tokens of a batch, padding included; a longer sentence is a batch of its own."""
    clean: bool = False
    """Leave out sentences that are too long or too short; false: cut what is too long."""
    max_seq_length: int = 512
    """Tokens, start and end included."""
    min_seq_length: int = 1
    shuffle: bool = False
    num_samples: int = -1
    """Lines that are read; -1: all."""
    drop_last: bool = False
    pin_memory: bool = False
    num_workers: int = 0
    seed: int | None = None
    """Of the order; null: that of the run."""


class SentenceDataset(Dataset):
    """Sentences by number, as tokens between the tokenizer's start and end.

    Args:
        tokenizer: with `bos_id`, `eos_id` and `pad_id`.
        dataset: the text file, one sentence a line; empty lines are passed over.
        tokens_in_batch: most tokens of a batch, padding included; for :meth:`plan`.
        clean: leave out sentences that are too long or too short; False cuts what is too long.
        max_seq_length: tokens, start and end included.
        min_seq_length: tokens, start and end included; with `clean`.
        num_samples: lines that are read; -1: all.

    Raises:
        TextFileError: the file cannot be read, or no sentence is left.
        ConfigError: the tokenizer lacks a token.
    """

    def __init__(
        self,
        tokenizer: Any,
        dataset: str,
        tokens_in_batch: int = 1024,
        clean: bool = False,
        max_seq_length: int = 512,
        min_seq_length: int = 1,
        num_samples: int = -1,
    ) -> None:
        self.tokenizer, self.tokens_in_batch = tokenizer, tokens_in_batch
        self._pad = sentence_ids(tokenizer)[2]
        lines = [line for line in read_lines(dataset, num_samples) if line.text.strip()]
        limits = (min_seq_length, max_seq_length) if clean else (0, max_seq_length)
        self._texts = tokenized_sentences((line.text for line in lines), tokenizer, *limits, leaves_out_long=clean)
        if not len(self._texts):
            raise TextFileError(
                f"{dataset} has no sentence of {min_seq_length} to {max_seq_length} tokens. Expected one sentence on "
                "each line; check the file, or change min_seq_length and max_seq_length."
            )

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._texts[index]

    def plan(self, shuffle: bool = True, drop_last: bool = False) -> LengthBuckets:
        """Batches of sentences of similar length."""
        lengths = self._texts.lengths
        wanted = int(lengths.sum()) // (BATCHES_OF_BUCKET * self.tokens_in_batch)
        return LengthBuckets(
            lengths,
            max_total=self.tokens_in_batch,
            num_buckets=max(1, min(MOST_BUCKETS, wanted)),
            shuffle=shuffle,
            drop_last=drop_last,
        )

    def _collate_fn(self, batch: list[Any]) -> SentenceBatch:
        return padded_sentences(batch, self._pad)


def sentence_ids(tokenizer: Any) -> tuple[int, int, int]:
    """Ids of start, end and padding of a language model's tokenizer.

    Raises:
        ConfigError: the tokenizer lacks one of them.
    """
    found = [getattr(tokenizer, f"{role}_id", None) for role in ("bos", "eos", "pad")]
    lacking = [role for role, token in zip(("bos", "eos", "pad"), found, strict=True) if token is None or token < 0]
    if lacking:
        raise ConfigError(
            f"The tokenizer has no {', '.join(lacking)} token. A language model needs a start, an end and a padding "
            "token; train the tokenizer with them, or name them in model.tokenizer.special_tokens."
        )
    return int(found[0]), int(found[1]), int(found[2])  # type: ignore[arg-type]


def tokenized_sentences(
    texts: Iterable[str], tokenizer: Any, shortest: int, longest: int, leaves_out_long: bool
) -> TokenTexts:
    """Texts as tokens with start and end; what is too long is cut (and keeps its end) or left out.

    Raises:
        ConfigError: there would be no room for a token.
    """
    if longest < 3:
        raise ConfigError(f"max_seq_length is {longest}. Expected 3 or more: a start, an end and a token between.")
    bos, eos, _ = sentence_ids(tokenizer)
    kept, changed = [], 0
    for text in texts:
        ids = [bos, *tokenizer.text_to_ids(text), eos]
        if len(ids) > longest:
            changed += 1
            ids = [] if leaves_out_long else [*ids[: longest - 1], eos]
        if len(ids) >= max(shortest, 3):
            kept.append(ids)
    if changed:
        what = "left out" if leaves_out_long else "cut"
        logger.warning("%d sentences with more than %d tokens (max_seq_length) are %s", changed, longest, what)
    return TokenTexts.of(kept)


def padded_sentences(sentences: Sequence[Any], pad: int) -> SentenceBatch:
    """Sentences of tokens as one batch."""
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    input_ids = torch.full((len(sentences), int(lengths.max())), pad, dtype=torch.long)
    for row, sentence in zip(input_ids, sentences, strict=True):
        row[: len(sentence)] = torch.as_tensor(np.asarray(sentence), dtype=torch.long)
    return input_ids, (torch.arange(input_ids.shape[1])[None, :] < lengths[:, None]).long()


def build_sentence_loader(cfg: Any, tokenizer: Any, where: str = "model.train_ds") -> ResumableDataLoader | None:
    """The loader of a dataset section; None, with a warning, if it names no data.

    Args:
        cfg: a :class:`SentenceDataConfig`.
        tokenizer: the model's.
        where: of the section, for messages.

    Raises:
        ConfigError: the section cannot be.
        TextFileError: the text cannot be read.
    """
    section = with_defaults(SentenceDataConfig, cfg, where, also=UNUSED_KEYS)
    options = {"num_workers": section.num_workers, "pin_memory": section.pin_memory and torch.cuda.is_available()}
    if section.use_tarred_dataset:
        if not section.tar_files or not section.metadata_file:
            raise ConfigError(
                f"{where}.use_tarred_dataset is true, and tar_files is {section.tar_files!r} and metadata_file "
                f"{section.metadata_file!r}. Expected both; set them to what the script for tarred data wrote."
            )
        tarred = TarredSentenceDataset(
            section.tar_files,
            section.metadata_file,
            tokenizer,
            shuffle_n=section.tar_shuffle_n if section.shuffle else 0,
            shard_strategy=section.shard_strategy,
        )
        # each member is a batch already
        return make_planned_loader(
            tarred, FixedBatches(tarred, 1), seed=section.seed, collate_fn=tarred.collate_fn, **options
        )
    if not section.file_name:
        logger.warning("%s.file_name is not set: there is no such data", where)
        return None
    dataset = SentenceDataset(
        tokenizer,
        section.file_name,
        section.tokens_in_batch,
        section.clean,
        section.max_seq_length,
        section.min_seq_length,
        section.num_samples,
    )
    plan = dataset.plan(section.shuffle, section.drop_last)
    return make_planned_loader(dataset, plan, seed=section.seed, collate_fn=dataset.collate_fn, **options)
