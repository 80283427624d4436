"""Recordings packed in tar files, with the texts of a manifest."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from nemo.collections.common.audio.bad_audio import BadAudioPolicy
from nemo.collections.common.audio.io import AudioBytes, AudioSource
from nemo.collections.common.data.keyed_dataset import KeyedDataset
from nemo.collections.common.data.manifest import ManifestEntry
from nemo.collections.common.data.tar_shards import ShardPaths, TarMember, TarShards, expand_shards
from nemo.collections.common.exceptions import ManifestError
from nemo.core.neural_types.neural_type import NeuralType

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TarKey:
    """A sample: a member of a shard, the number of its entry, and a seed for its augmentation."""

    member: TarMember
    entry: int
    seed: int


class Recordings(Protocol):
    """A dataset by number that can take its recordings from elsewhere."""

    collection: Any
    """The entries, by number."""
    bad_audio: BadAudioPolicy

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""

    def read(self, index: int, source: AudioSource | None = None, seed: int | None = None) -> Any:
        """The sample of an entry, its recording from `source`."""

    def describe_sample(self, sample_id: int) -> str:
        """An entry in words."""

    def _collate_fn(self, batch: list[Any]) -> Any: ...


class TarredAudioToText(KeyedDataset):
    """A stream of recordings from tar files.

    A member belongs to the lines of the manifest that name a file of its name, whatever folder and ending they have;
    members without a line are passed over. Several lines may name parts of one member, by `offset` and `duration`.

    Args:
        recordings: the entries, by number.
        audio_tar_filepaths: the tar files; see :func:`~nemo.collections.common.data.tar_shards.expand_shards`.
        shuffle_n: mix the shards, and their members through a buffer of this size; 0 keeps the order.
        shard_strategy: `scatter`: each shard is of one process; `replicate`: all processes read all shards and share
            the members.
        global_rank: which of several processes this is.
        world_size: number of processes; where it is 0 or 1, torch.distributed is asked.
        seed: of the order, where no loader of ours gives one.

    Raises:
        ConfigError: no tar file, or an unknown strategy.
    """

    def __init__(
        self,
        recordings: Recordings,
        audio_tar_filepaths: ShardPaths,
        shuffle_n: int = 0,
        shard_strategy: str = "scatter",
        global_rank: int = 0,
        world_size: int = 0,
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.recordings = recordings
        self.collection = recordings.collection
        self.shards = TarShards(audio_tar_filepaths, shard_strategy, shuffle_n)
        self._given = (global_rank, world_size)
        self._entries: dict[str, list[int]] = {}
        for number in range(len(self.collection)):
            self._entries.setdefault(_stem_of(self.collection[number]), []).append(number)
        self._counts: dict[str, int] = {}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        return self.recordings.output_types

    def process(self) -> tuple[int, int]:
        """The rank and number of processes that were given, or those of torch.distributed."""
        return self._given if self._given[1] > 1 else super().process()

    def keys(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[TarKey]:
        """Keys of a process in an epoch."""
        shared = self.shards.strategy == "replicate"  # then all processes go through one order, with one seed
        seeds = random.Random(f"{seed} {epoch} {0 if shared else rank} augmentation")
        order = self.shards.order(seed, epoch, rank, world_size)
        found = (pair for shard in order for pair in self._found(shard))
        mixed = self.shards.mixed(found, seed, epoch, rank)
        keys = (TarKey(member, entry, seeds.getrandbits(62)) for member, entry in mixed)
        return islice(keys, rank, None, world_size) if shared else keys

    def count(self, rank: int, world_size: int) -> int:
        """Samples of a process in each epoch.

        Raises:
            ManifestError: none of the recordings is in the tar files.
        """
        total = sum(self._count_of(shard) for shard in self.shards.own(rank, world_size))
        if total == 0:
            raise ManifestError(
                f"None of the {len(self.collection)} recordings of the manifest is in the tar files "
                f"{', '.join(self.shards.own(rank, world_size)[:3])} ... Expected members with the names of "
                "audio_filepath; give the manifest that was written with them."
            )
        return len(range(rank, total, world_size)) if self.shards.strategy == "replicate" else total

    def fetch(self, key: TarKey) -> Any:
        """Reads a sample; None where its recording cannot be read and `on_bad_audio` is skip.

        Raises:
            AudioFileError: the recording cannot be read; names the tar file, the member and the line of the manifest.
        """
        return self.recordings.bad_audio.read(key, self._others(key), self._read)

    def describe_sample(self, key: TarKey) -> str:
        """The member, and the line in the manifest."""
        return f"{key.member.shard}/{key.member.name}: {self.recordings.describe_sample(key.entry)}"

    def get_manifest_sample(self, sample_id: int) -> ManifestEntry:
        """The manifest's entry of a sample."""
        entry: ManifestEntry = self.collection[sample_id]
        return entry

    def _collate_fn(self, batch: list[Any]) -> Any:
        return self.recordings._collate_fn(batch)

    def _read(self, key: TarKey) -> Any:
        source = AudioBytes(f"{key.member.shard}/{key.member.name}", self.shards.read(key.member))
        return self.recordings.read(key.entry, source, key.seed)

    def _others(self, key: TarKey) -> Iterator[TarKey]:
        """The samples after `key` in its shard, and around."""
        pairs = list(self._found(key.member.shard))
        place = pairs.index((key.member, key.entry))
        for member, entry in pairs[place + 1 :] + pairs[:place]:
            yield TarKey(member, entry, key.seed)

    def _found(self, shard: str) -> Iterator[tuple[TarMember, int]]:
        """The samples of a shard, in its order."""
        for member in self.shards.members(shard):
            for entry in self._entries.get(_stem(member.name), ()):
                yield member, entry

    def _count_of(self, shard: str) -> int:
        if shard not in self._counts:
            self._counts[shard] = sum(1 for _ in self._found(shard))
            if len(self._counts) == len(self.shards.paths):
                missing = len(self.collection) - sum(self._counts.values())
                if missing > 0:
                    logger.warning("%d recordings of the manifest are in none of the tar files; left out", missing)
        return self._counts[shard]


def expand_sharded_manifests(manifest_filepath: ShardPaths, shard_manifests: bool) -> Any:
    """The manifests that a pattern stands for, where `shard_manifests` says that it is one."""
    return expand_shards(manifest_filepath) if shard_manifests else manifest_filepath


def _stem(name: str) -> str:
    return os.path.splitext(os.path.basename(name))[0]


def _stem_of(entry: ManifestEntry) -> str:
    if isinstance(entry.audio_file, list):
        raise ManifestError(f"{entry.place}: audio_filepath is a list. Expected one name, that of a member of a tar.")
    return _stem(entry.audio_file)
