"""Batches of sentence pairs that were prepared before, packed in tar files.

A member is ``batch-NUMBER.safetensors``: the padded tokens `src` [B, S] and `tgt` [B, T + 1] of a batch, int32, start
and end included, and `pads`, the two padding tokens. Beside the tar files lies ``metadata...json``.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from nemo.collections.common.data.keyed_dataset import KeyedDataset
from nemo.collections.common.data.tar_shards import ShardPaths, TarMember, TarShards
from nemo.collections.nlp.data.token_batches import TranslationBatch, translation_batch
from nemo.core.archive.safetensors_file import read_safetensors, write_safetensors
from nemo.core.archive.side_files import read_json
from nemo.core.archive.tar_writer import Source, write_archive
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ArchiveError, ConfigError

SUFFIX = ".safetensors"
"""Of members: plain arrays, which can run nothing."""


@dataclass
class TarMetadata:
    """What lies beside tar files of batches."""

    num_batches: int
    tar_files: list[str] = field(default_factory=list)
    """Their names, in the folder of the metadata."""
    tokens_in_batch: int = 0
    num_pairs: int = 0
    vocab_sizes: tuple[int, int] | None = None
    """Of the tokenizers of both sides."""

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> TarMetadata:
        """From its JSON file.

        Raises:
            FileNotFoundError: there is no such file.
            ArchiveError: it does not say which tar files.
        """
        found = read_json(path)
        if not isinstance(found, dict) or not isinstance(found.get("tar_files"), list):
            raise ArchiveError(
                f"{path} has no list tar_files. Expected the metadata that create_tarred_parallel_dataset.py writes."
            )
        folder = Path(path).parent
        files = [str(folder / Path(str(name)).name) for name in found["tar_files"]]
        sizes = found.get("vocab_sizes")
        return cls(
            num_batches=int(found.get("num_batches", 0)),
            tar_files=files,
            tokens_in_batch=int(found.get("tokens_in_batch", 0)),
            num_pairs=int(found.get("num_pairs", 0)),
            vocab_sizes=(int(sizes[0]), int(sizes[1])) if isinstance(sizes, list) and len(sizes) == 2 else None,
        )

    def write(self, path: str | os.PathLike[str]) -> None:
        """To a JSON file."""
        content = {**asdict(self), "tar_files": [Path(name).name for name in self.tar_files]}
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")


class TarredTranslationDataset(KeyedDataset):
    """A stream of batches from tar files; a sample is a whole batch.

    All processes get equally many batches; where tar files differ in that, some batches rest in an epoch.

    Args:
        text_tar_filepaths: the tar files; see :func:`~nemo.collections.common.data.tar_shards.expand_shards`.
        vocab_sizes: of the tokenizers of both sides; tokens beyond them are refused. None: not checked.
        shuffle_n: mix the tar files, and their batches through a buffer of this size; 0 keeps the order.
        shard_strategy: `scatter`: each tar file is of one process; `replicate`: all read all and share the batches.
        reverse_lang_direction: translate the other way round.
        prefix: token that is put after the start of each source; None: no token.
        seed: of the order, where no loader of ours gives one.

    Raises:
        ConfigError: no tar file, or an unknown strategy.
    """

    def __init__(
        self,
        text_tar_filepaths: ShardPaths,
        vocab_sizes: tuple[int, int] | None = None,
        shuffle_n: int = 0,
        shard_strategy: str = "scatter",
        reverse_lang_direction: bool = False,
        prefix: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.shards = TarShards(text_tar_filepaths, shard_strategy, shuffle_n)
        self._vocab_sizes, self._reversed, self._prefix = vocab_sizes, reverse_lang_direction, prefix

    def keys(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[TarMember]:
        """Members of a process in an epoch."""
        order = self.shards.order(seed, epoch, rank, world_size)
        mixed = self.shards.mixed((m for shard in order for m in self._members(shard)), seed, epoch, rank)
        shared = self.shards.strategy == "replicate"
        own = islice(mixed, rank, None, world_size) if shared else mixed
        return islice(own, self.count(rank, world_size))

    def count(self, rank: int, world_size: int) -> int:
        """Batches of each process in every epoch."""
        if self.shards.strategy == "replicate":
            return sum(len(self._members(shard)) for shard in self.shards.paths) // world_size
        return min(
            sum(len(self._members(shard)) for shard in self.shards.own(each, world_size)) for each in range(world_size)
        )

    def fetch(self, key: TarMember) -> TranslationBatch:
        """Reads a batch.

        Raises:
            ArchiveError: the member is no batch of ours, or one of other tokenizers.
        """
        place = self.describe_sample(key)
        if not key.name.endswith(SUFFIX):
            raise ArchiveError(
                f"{place} is no batch of ours: it does not end in {SUFFIX}. Batches that the original wrote are "
                "pickled objects (.pkl), which can run code when they are read, and are not read here. Write the tar "
                "files anew from the texts with create_tarred_parallel_dataset.py."
            )
        arrays = {name: tensor.numpy() for name, tensor in read_safetensors(self.shards.read(key), place).items()}
        if not {"src", "tgt", "pads"} <= set(arrays) or arrays["src"].ndim != 2 or arrays["tgt"].ndim != 2:
            raise ArchiveError(
                f"{place} has the arrays {sorted(arrays)}. Expected src [B, S], tgt [B, T] and pads [2]."
            )
        self._check_vocabulary(arrays, place)
        sides = [(arrays["src"], int(arrays["pads"][0])), (arrays["tgt"], int(arrays["pads"][1]))]
        (source, source_pad), (target, target_pad) = sides[::-1] if self._reversed else sides
        if self._prefix is not None:
            source = np.insert(source, 1, self._prefix, axis=1)
        return translation_batch(source, target, source_pad, target_pad)

    def describe_sample(self, key: TarMember) -> str:
        """The tar file and the member."""
        return f"{key.shard}/{key.name}"

    def _collate_fn(self, batch: list[TranslationBatch]) -> TranslationBatch:
        """The one batch of the list: it is whole already."""
        return batch[0]

    def _members(self, shard: str) -> list[TarMember]:
        return self.shards.members(shard)

    def _check_vocabulary(self, arrays: dict[str, np.ndarray], place: str) -> None:
        sizes = self._vocab_sizes
        if sizes is None:
            return
        ordered = sizes[::-1] if self._reversed else sizes
        for name, size in zip(("src", "tgt"), ordered, strict=True):
            largest = int(arrays[name].max(initial=0))
            if largest >= size or int(arrays[name].min(initial=0)) < 0:
                raise ConfigError(
                    f"{place} has the token {largest} in {name}, and the tokenizer of that side has {size}. Expected "
                    "tar files that were written with the model's tokenizers; write them again."
                )


def write_batches(path: str | os.PathLike[str], batches: list[tuple[str, dict[str, np.ndarray]]]) -> None:
    """Writes a tar file of batches, whole or not at all.

    Args:
        path: the tar file.
        batches: name and arrays of each.
    """
    members: dict[str, Source] = {}
    for name, arrays in batches:
        content = io.BytesIO()
        write_safetensors({key: torch.from_numpy(array) for key, array in arrays.items()}, content)
        members[f"{name}{SUFFIX}"] = content.getvalue()
    write_archive(path, members, sort=False)
