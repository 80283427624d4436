"""Recordings packed in tar files, many in each: shards.

A shard is mapped into memory and its headers are read, not its contents: which members there are, and where. So the
order of an epoch is known before a recording is read, and a member is read from its place. Headers are read by the
strict reader of archives: links, devices and names that lead elsewhere are refused.
"""

from __future__ import annotations

import os
import random
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from nemo.core.archive.file_views import map_file
from nemo.core.archive.member_names import check_no_twins, checked_name
from nemo.core.archive.tar_headers import read_entries
from nemo.utils.data_utils import DataStoreObject
from nemo.utils.exceptions import ArchiveError, ConfigError

ShardPaths = str | os.PathLike[str] | Sequence[Any]

STRATEGIES = ("scatter", "replicate")
MAX_SHARD_MEMBERS = 10_000_000
OPEN_SHARDS = 16

_OPENING, _CLOSING = ("_OP_", "(", "[", "<"), ("_CL_", ")", "]", ">")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class TarMember:
    """Where the content of a member lies."""

    shard: str
    name: str
    offset: int
    """Bytes from the start of the shard."""
    size: int


def expand_shards(paths: ShardPaths) -> list[str]:
    """The single paths that a pattern stands for: ``audio__OP_0..2_CL_.tar`` -> three.

    Args:
        paths: a path, with commas between several, or any nesting of lists of them. Braces may be written ``{0..2}``,
            ``{a,b}``, or with ``_OP_`` and ``_CL_``, round, square or angle brackets, which shells leave alone.
    """
    if isinstance(paths, os.PathLike):
        return [os.fspath(paths)]
    if not isinstance(paths, str):
        return [single for path in paths for single in expand_shards(path)]
    return [single for part in _split_outside_braces(_with_braces(paths)) for single in _expanded(part)]


class TarShards:
    """The shards of a set, and which process reads which.

    Args:
        paths: see :func:`expand_shards`.
        strategy: `scatter`: each shard is of one process; `replicate`: all processes read all shards and share the
            members, which evens out shards of different size.
        shuffle_buffer: mix the shards, and the members of those that are read at the time through a buffer of this
            size; 0 keeps their order.

    Raises:
        ConfigError: no shard, a path twice, or an unknown strategy.
    """

    def __init__(self, paths: ShardPaths, strategy: str = "scatter", shuffle_buffer: int = 0) -> None:
        self.paths = expand_shards(paths)
        self.strategy = strategy
        self.shuffle_buffer = shuffle_buffer
        self._members: dict[str, list[TarMember]] = {}
        self._maps: OrderedDict[str, memoryview] = OrderedDict()
        if not self.paths or len(set(self.paths)) < len(self.paths):
            raise ConfigError(f"The tar files are {self.paths!r}. Expected at least one path, and none of them twice.")
        if strategy not in STRATEGIES:
            raise ConfigError(f"The shard strategy is {strategy!r}. Expected {' or '.join(STRATEGIES)}.")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maps": OrderedDict()}  # each worker maps what it reads itself

    def members(self, shard: str) -> list[TarMember]:
        """The files in a shard, in its order.

        Raises:
            FileNotFoundError: there is no such shard.
            ArchiveError: it is no tar, or it is cut off or damaged.
            UnsafeArchiveError: a member could do harm.
        """
        if shard not in self._members:
            content = self._mapped(shard)
            if not len(content):
                raise ArchiveError(f"{shard}: the tar file is empty. Write or copy it again.")
            found = [entry for entry in read_entries(content, shard, MAX_SHARD_MEMBERS) if not entry.is_folder]
            members = [TarMember(shard, checked_name(entry.name, shard), entry.offset, entry.size) for entry in found]
            check_no_twins([member.name for member in members], shard)
            self._members[shard] = members
        return self._members[shard]

    def read(self, member: TarMember) -> memoryview:
        """The content of a member, where it lies."""
        return self._mapped(member.shard)[member.offset : member.offset + member.size]

    def _mapped(self, shard: str) -> memoryview:
        content = self._maps.pop(shard, None)
        if content is None:
            try:
                content = map_file(DataStoreObject(shard).fetch())
            except FileNotFoundError as error:
                raise FileNotFoundError(
                    f"The tar file {shard} does not exist (working folder: {os.getcwd()}). Mend tarred_audio_filepaths."
                ) from error
        self._maps[shard] = content
        if len(self._maps) > OPEN_SHARDS:
            self._maps.popitem(last=False)  # a file stays open as long as it is mapped
        return content

    def own(self, rank: int, world_size: int) -> list[str]:
        """Shards that a process reads.

        Raises:
            ConfigError: there are fewer shards than processes to scatter them over.
        """
        if self.strategy == "replicate":
            return self.paths
        if world_size > len(self.paths):
            raise ConfigError(
                f"{len(self.paths)} tar files cannot be scattered over {world_size} processes. Make more shards, or "
                "set tarred_shard_strategy to replicate."
            )
        return self.paths[rank::world_size]

    def order(self, seed: int, epoch: int, rank: int, world_size: int) -> list[str]:
        """The shards of a process in the order of an epoch."""
        shards = list(self.own(rank, world_size))
        if self.shuffle_buffer:
            # with replicate all processes need one order, in which each takes its members
            random.Random(f"{seed} {epoch} {self._whose(rank)}").shuffle(shards)
        return shards

    def mixed(self, items: Iterable[Item], seed: int, epoch: int, rank: int) -> Iterator[Item]:
        """Items of the shards, mixed through the buffer."""
        return mixed_through_buffer(items, self.shuffle_buffer, random.Random(f"{epoch} {self._whose(rank)} {seed}"))

    def _whose(self, rank: int) -> int:
        return 0 if self.strategy == "replicate" else rank


def mixed_through_buffer(items: Iterable[Item], size: int, generator: random.Random) -> Iterator[Item]:
    """Each item once, up to about `size` places from where it was; 0 keeps the order."""
    buffer: list[Item] = []
    for item in items:
        if len(buffer) < size:
            buffer.append(item)
        elif size == 0:
            yield item
        else:
            place = generator.randrange(size)
            yield buffer[place]
            buffer[place] = item
    generator.shuffle(buffer)
    yield from buffer


def _with_braces(pattern: str) -> str:
    for opening, closing in zip(_OPENING, _CLOSING, strict=True):
        pattern = pattern.replace(opening, "{").replace(closing, "}")
    return pattern


def _split_outside_braces(pattern: str) -> list[str]:
    parts = re.split(r",(?![^{]*\})", pattern)
    return [part.strip() for part in parts if part.strip()]


def _expanded(pattern: str) -> list[str]:
    """Brace expansion as shells do it, without nesting."""
    opening = pattern.find("{")
    closing = pattern.find("}", opening)
    if opening < 0:
        return [pattern]
    if closing < 0:
        raise ConfigError(f"{pattern!r} has an opening brace and no closing one. Expected a range such as {{0..511}}.")
    inside = pattern[opening + 1 : closing]
    ends = _RANGE.fullmatch(inside)
    if ends:
        first, last = int(ends[1]), int(ends[2])
        width = (
            max(map(len, ends.groups())) if any(end.startswith("0") and len(end) > 1 for end in ends.groups()) else 0
        )
        step = 1 if first <= last else -1
        choices = [f"{number:0{width}d}" for number in range(first, last + step, step)]
    elif "," in inside:
        choices = [choice.strip() for choice in inside.split(",")]
    else:
        raise ConfigError(f"{pattern!r} has {inside!r} in braces. Expected a range such as {{0..511}}, or {{a,b}}.")
    return [pattern[:opening] + choice + rest for choice in choices for rest in _expanded(pattern[closing + 1 :])]
