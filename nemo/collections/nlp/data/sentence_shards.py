"""Batches of tokens packed in tar files: written once, and read without a tokenizer.

A member is ``batch-NUMBER.safetensors``: the padded tokens of a batch, [B, T], int32, start and end included. A JSON
file beside the tar files says how many batches there are and with which tokenizer they were made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from nemo.collections.common.data.keyed_dataset import KeyedDataset
from nemo.collections.common.data.tar_shards import ShardPaths, TarMember, TarShards
from nemo.collections.nlp.data.tarred_translation import SUFFIX, write_batches
from nemo.core.archive.safetensors_file import read_safetensors
from nemo.core.archive.side_files import read_json
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ArchiveError, ConfigError


class TarredSentenceDataset(KeyedDataset):
    """Batches of sentences from tar files, as :func:`write_sentence_shards` writes them.

    Args:
        text_tar_filepaths: the tar files; see :func:`~nemo.collections.common.data.tar_shards.expand_shards`.
        metadata_path: the JSON file beside them.
        tokenizer: the model's; its size and padding must be those of the one that made the batches.
        shuffle_n: mix the tar files, and their batches through a buffer of this size; 0 keeps the order.
        shard_strategy: `scatter`: each tar file is of one process; `replicate`: all read all and share the batches.
        seed: of the order, where no loader of ours gives one.

    Raises:
        ConfigError: no tar file, or the tokenizer is another one.
        ArchiveError: the JSON file is no such description.
    """

    def __init__(
        self,
        text_tar_filepaths: ShardPaths,
        metadata_path: str | os.PathLike[str],
        tokenizer: Any,
        shuffle_n: int = 1,
        shard_strategy: str = "scatter",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.shards = TarShards(text_tar_filepaths, shard_strategy, shuffle_n)
        self.metadata = _read_metadata(metadata_path)
        self._pad, self._vocab_size = int(tokenizer.pad_id), int(tokenizer.vocab_size)
        for key, own in (("pad_id", self._pad), ("vocab_size", self._vocab_size)):
            made_with = self.metadata[key]
            if made_with != own:
                raise ConfigError(
                    f"{metadata_path} was made with a tokenizer whose {key} is {made_with}, and this model's is {own}. "
                    "Make the tar files again with the model's tokenizer."
                )

    def keys(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[TarMember]:
        """The batches of a process in an epoch."""
        order = self.shards.order(seed, epoch, rank, world_size)
        found = (member for shard in order for member in self.shards.members(shard))
        mixed = self.shards.mixed(found, seed, epoch, rank)
        own = islice(mixed, rank, None, world_size) if self.shards.strategy == "replicate" else mixed
        return islice(own, self.count(rank, world_size))

    def count(self, rank: int, world_size: int) -> int:
        """Batches of each process in every epoch; where tar files differ in that, some batches rest."""
        if self.shards.strategy == "replicate":
            return sum(len(self.shards.members(shard)) for shard in self.shards.paths) // world_size
        owned = [self.shards.own(each, world_size) for each in range(world_size)]
        return min(sum(len(self.shards.members(shard)) for shard in own) for own in owned)

    def fetch(self, key: TarMember) -> tuple[Tensor, Tensor]:
        """A batch: tokens [B, T] and their mask.

        Raises:
            ArchiveError: the member is none, or has tokens that the tokenizer has not.
        """
        tokens = self._tokens(key).long()
        if tokens.numel() and (int(tokens.min()) < 0 or int(tokens.max()) >= self._vocab_size):
            raise ArchiveError(
                f"{key.shard}: {key.name} has tokens outside the vocabulary of {self._vocab_size}. Make the tar files "
                "again with the model's tokenizer."
            )
        return tokens, (tokens != self._pad).long()

    def _tokens(self, member: TarMember) -> Tensor:
        place = self.describe_sample(member)
        if not member.name.endswith(SUFFIX):
            raise ArchiveError(
                f"{place} does not end in {SUFFIX}. Batches that the original wrote are pickled objects (.pkl), which "
                "can run code, and are not read. Make the tar files again with create_tarred_monolingual_dataset.py."
            )
        tokens = read_safetensors(self.shards.read(member), place).get("tokens")
        if tokens is None or tokens.ndim != 2 or tokens.shape[0] < 1 or tokens.shape[1] < 2:
            raise ArchiveError(f"{place} is no batch of tokens [B, T]. Make the tar file again.")
        return tokens

    def _collate_fn(self, batch: list[Any]) -> Any:
        return batch[0]

    def describe_sample(self, key: TarMember) -> str:
        """The tar file and the member."""
        return f"{key.shard}/{key.name}"


def write_sentence_shards(
    batches: Sequence[np.ndarray],
    folder: str | os.PathLike[str],
    tokenizer: Any,
    tokens_in_batch: int,
    batches_of_shard: int = 1000,
    prefix: str = "sentences",
) -> tuple[list[Path], Path]:
    """Packs batches in tar files.

    Args:
        batches: each [B, T], filled up with the tokenizer's padding.
        folder: is made if it is not there.
        tokenizer: that made them.
        tokens_in_batch: for the names of the files.
        batches_of_shard: most batches of a tar file; all get about as many.
        prefix: names begin with it.

    Returns:
        The tar files, and the JSON file that describes them.

    Raises:
        ConfigError: there is no batch, or no room for one in a tar file.
    """
    if not len(batches) or batches_of_shard < 1:
        raise ConfigError(f"{len(batches)} batches in tar files of {batches_of_shard}. Expected at least one of each.")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    count = -(-len(batches) // batches_of_shard)
    stem = f"{prefix}.batches.tokens.{tokens_in_batch}"
    paths = []
    for shard, numbers in enumerate(np.array_split(np.arange(len(batches)), count)):
        path = target / f"{stem}.{shard}.tar"
        write_batches(path, [(f"batch-{number:08d}", {"tokens": batches[number]}) for number in numbers.tolist()])
        paths.append(path)
    metadata = target / f"metadata.tokens.{tokens_in_batch}.json"
    facts = {"num_batches": len(batches), "tar_files": [path.name for path in paths]}
    facts |= {"vocab_size": int(tokenizer.vocab_size), "pad_id": int(tokenizer.pad_id)}
    with atomic_write(metadata) as temporary:
        temporary.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return paths, metadata


def _read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict) or not all(isinstance(content.get(key), int) for key in ("vocab_size", "pad_id")):
        raise ArchiveError(
            f"{path} does not say vocab_size and pad_id. Expected the metadata file that "
            "create_tarred_monolingual_dataset.py of this release wrote; make the tar files with it."
        )
    return content
