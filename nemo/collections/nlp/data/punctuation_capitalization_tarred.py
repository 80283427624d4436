"""Punctuation and capitalization from tar files, for data that does not fit into memory.

A tar file holds batches, each a member `batch-000012.safetensors`: the pieces of its sentences one after another, and
what belongs to them. Beside the tar files lie the labels and a JSON file that names all of these. The members hold
numbers only; the pickled ones of the original toolkit are refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from nemo.collections.common.data.batch_plan import FixedBatches
from nemo.collections.common.data.keyed_dataset import KeyedDataset
from nemo.collections.common.data.tar_shards import TarMember, TarShards
from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.nlp.data.label_ids import checked_label_ids, load_label_ids
from nemo.collections.nlp.data.labelled_pieces import PieceCollator, PieceSample
from nemo.collections.nlp.data.punctuation_capitalization import BATCH_TYPES, PunctuationBatch, as_dict
from nemo.core.archive.safetensors_file import is_safetensors, read_safetensors
from nemo.core.archive.side_files import read_json
from nemo.core.neural_types import NeuralType
from nemo.utils.exceptions import ArchiveError, ConfigError, UnsafeArchiveError

METADATA_PUNCT_LABEL_VOCAB_KEY = "punct_label_vocab_file"
METADATA_CAPIT_LABEL_VOCAB_KEY = "capit_label_vocab_file"
METADATA_BATCHES_KEY = "num_batches"
METADATA_TAR_FILES_KEY = "tar_files"
BATCH_SUFFIX = ".safetensors"
PICKLED_SUFFIXES = (".pyd", ".pickle", ".pkl", ".pth")

ARRAYS = ("input_ids", "starts", "punct_labels", "capit_labels", "lengths")
"""What a batch holds: [pieces of all sentences] four times, and [sentences]."""


@dataclass(frozen=True)
class TarredSet:
    """What the JSON file beside the tar files says."""

    tar_files: list[str]
    punct_label_ids: dict[str, int]
    capit_label_ids: dict[str, int]

    @classmethod
    def read(cls, metadata_file: str | os.PathLike[str], pad_label: str) -> TarredSet:
        """Reads the JSON file and the two label files that it names, all relative to its folder.

        Raises:
            FileNotFoundError: it is not there.
            ArchiveError: it lacks a key.
        """
        source = Path(metadata_file).expanduser()
        if not source.is_file():
            raise FileNotFoundError(
                f"{source} does not exist. Expected the metadata*.json that was written with the tar files; check "
                "tar_metadata_file and ds_item."
            )
        content = read_json(source)
        keys = (METADATA_TAR_FILES_KEY, METADATA_PUNCT_LABEL_VOCAB_KEY, METADATA_CAPIT_LABEL_VOCAB_KEY)
        missing = [key for key in keys if not isinstance(content, dict) or not content.get(key)]
        if missing:
            raise ArchiveError(
                f"{source} has no {' and no '.join(missing)}. Expected {', '.join(keys)}; write the set again with "
                "create_punctuation_capitalization_tarred_dataset.py."
            )
        folder = source.parent
        punct, capit = (
            checked_label_ids(load_label_ids(folder / content[key]), pad_label, str(folder / content[key]))
            for key in keys[1:]
        )
        return cls([str(folder / name) for name in content[METADATA_TAR_FILES_KEY]], punct, capit)


class BertPunctuationCapitalizationTarredDataset(KeyedDataset):
    """A stream of batches from tar files.

    Args:
        metadata_file: JSON file that was written with them.
        tokenizer: the one that the set was made with; gives the padding.
        pad_label: label of both kinds for [CLS], [SEP] and padding.
        ignore_extra_tokens: the loss counts only the first piece of each word.
        ignore_start_end: the loss does not count [CLS] and [SEP].
        shuffle_n: mix the files, and their batches through a buffer of this size; 0 keeps the order.
        shard_strategy: `scatter`: each file is of one process; `replicate`: all processes read all files and share the
            batches.
        seed: of the order, where no loader of ours gives one.

    Raises:
        FileNotFoundError: a file is not there.
        ArchiveError: the metadata lacks something.
    """

    def __init__(
        self,
        metadata_file: str | os.PathLike[str],
        tokenizer: TokenizerSpec,
        pad_label: str = "O",
        ignore_extra_tokens: bool = False,
        ignore_start_end: bool = True,
        shuffle_n: int = 1,
        shard_strategy: str = "scatter",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        described = TarredSet.read(metadata_file, pad_label)
        self.punct_label_ids, self.capit_label_ids = described.punct_label_ids, described.capit_label_ids
        self.shards = TarShards(described.tar_files, shard_strategy, shuffle_n)
        self._pads = (self.punct_label_ids[pad_label], self.capit_label_ids[pad_label])
        self._collate = PieceCollator(
            int(tokenizer.pad_id),  # type: ignore[attr-defined]
            self._pads,
            ignore_extra_tokens,
            ignore_start_end,
        )
        self._vocab_size = int(tokenizer.vocab_size)  # type: ignore[attr-defined]

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        return BATCH_TYPES

    def check_labels(self, punct_label_ids: Mapping[str, int], capit_label_ids: Mapping[str, int], where: str) -> None:
        """Checks that the set was made with a model's label numbers.

        Raises:
            ConfigError: it was not.
        """
        for kind, own, wanted in (
            ("punctuation", self.punct_label_ids, punct_label_ids),
            ("capitalization", self.capit_label_ids, capit_label_ids),
        ):
            if own != dict(wanted):
                raise ConfigError(
                    f"{where} has the {kind} labels {own}, and the model has {dict(wanted)}. Expected the same; make "
                    "the tar files again with the model's label files (--punct_label_vocab_file, "
                    "--capit_label_vocab_file)."
                )

    def keys(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[TarMember]:
        """Members of a process in an epoch; each is a batch."""
        order = self.shards.order(seed, epoch, rank, world_size)
        members = (member for shard in order for member in self._batches(shard))
        mixed = self.shards.mixed(members, seed, epoch, rank)
        return islice(mixed, rank, None, world_size) if self.shards.strategy == "replicate" else mixed

    def count(self, rank: int, world_size: int) -> int:
        """Batches of a process in each epoch."""
        total = sum(len(self._batches(shard)) for shard in self.shards.own(rank, world_size))
        return len(range(rank, total, world_size)) if self.shards.strategy == "replicate" else total

    def fetch(self, key: TarMember) -> list[PieceSample]:
        """Reads a batch.

        Raises:
            ArchiveError: it is damaged; names the tar file and the member.
        """
        place = f"{key.shard}/{key.name}"
        content = self.shards.read(key)
        if not is_safetensors(content):
            raise ArchiveError(f"{place}: no batch of ours. {_MAKE_AGAIN}")
        arrays = {name: tensor.numpy() for name, tensor in read_safetensors(content, place).items()}
        problem = self._problem(arrays)
        if problem:
            raise ArchiveError(f"{place}: {problem}. {_MAKE_AGAIN}")
        ends = np.cumsum(arrays["lengths"])[:-1]
        parts = {name: np.split(arrays[name], ends) for name in ARRAYS[:-1]}
        labels = zip(parts["punct_labels"], parts["capit_labels"], strict=True)
        return [
            PieceSample(ids, starts.astype(bool), np.stack(pair))
            for ids, starts, pair in zip(parts["input_ids"], parts["starts"], labels, strict=True)
        ]

    def describe_sample(self, key: TarMember) -> str:
        """The tar file and the member."""
        return f"{key.shard}/{key.name}"

    def batch_plan(self, drop_last: bool) -> FixedBatches:
        """A member a step."""
        return FixedBatches(self, 1, drop_last)

    def _collate_fn(self, batch: list[list[PieceSample]]) -> PunctuationBatch:
        return as_dict(self._collate([sample for samples in batch for sample in samples]))

    def _batches(self, shard: str) -> list[TarMember]:
        members = self.shards.members(shard)
        pickled = next((member.name for member in members if member.name.endswith(PICKLED_SUFFIXES)), None)
        if pickled is not None:
            raise UnsafeArchiveError(
                f"{shard}/{pickled} is a pickled batch of the original toolkit, which can run code when it is read; "
                f"nothing was. Expected members *{BATCH_SUFFIX}. {_MAKE_AGAIN}"
            )
        return [member for member in members if member.name.endswith(BATCH_SUFFIX)]

    def _problem(self, arrays: Mapping[str, Any]) -> str:
        """What is wrong with a batch; empty if nothing is."""
        if set(arrays) != set(ARRAYS) or any(
            array.ndim != 1 or array.dtype.kind not in "iub" for array in arrays.values()
        ):
            return f"it holds {sorted(arrays)}; expected the whole numbers {', '.join(ARRAYS)}"
        total = int(arrays["lengths"].sum())
        if (
            not len(arrays["lengths"])
            or arrays["lengths"].min() < 2
            or any(len(arrays[name]) != total for name in ARRAYS[:-1])
        ):
            return "its lengths do not add up"
        limits = (self._vocab_size, 2, len(self.punct_label_ids), len(self.capit_label_ids))
        for name, limit in zip(ARRAYS[:-1], limits, strict=True):
            if arrays[name].min() < 0 or arrays[name].max() >= limit:
                return f"{name} has numbers that are not from 0 to {limit - 1}"
        return ""


_MAKE_AGAIN = "Make the set again from its text with create_punctuation_capitalization_tarred_dataset.py"
