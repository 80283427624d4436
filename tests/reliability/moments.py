"""Moments of a run at which something happens to it: in a step, in a validation, inside the writing of a file."""

from __future__ import annotations

import builtins
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO

from nemo.utils.exp_manager import checkpoint_io

Act = Callable[[], None]


@dataclass(frozen=True)
class Moment:
    """The `count`-th time (from 1) that a run comes to `place`.

    Hooks of the model are the places `setup`, `sanity`, `step`, `backward`, `stepped` and `validation`. In the writing
    of a file with `suffix` lie `write` (after `share` of the first 8 KB), `fsync`, `rename` and `renamed`; `remove` is
    the removal of an old checkpoint.
    """

    place: str
    count: int = 1
    suffix: str = ".ckpt"
    share: float = 0.5


class Moments:
    """Counts how often each place was come to, and acts at the moment wished."""

    def __init__(self, moment: Moment | None, act: Act) -> None:
        self.moment = moment
        self._act = act
        self._seen = 0

    def at(self, place: str) -> None:
        """The run is at a place."""
        if self.moment is None or place != self.moment.place:
            return
        self._seen += 1
        if self._seen == self.moment.count:
            self._act()

    def watch_files(self) -> None:
        """Sees the writing of files from now on, in this process only; never undone."""
        if self.moment is None:
            return
        rename, sync, remove = os.replace, os.fsync, TorchCheckpointIO.remove_checkpoint

        def watched_rename(source: Any, target: Any, **more: Any) -> None:
            if str(target).endswith(self._suffix):
                self.at("rename")
            rename(source, target, **more)
            if str(target).endswith(self._suffix):
                self.at("renamed")

        def watched_sync(handle: int) -> None:
            if self._suffix in os.readlink(f"/proc/self/fd/{handle}"):
                self.at("fsync")
            sync(handle)

        def watched_remove(io: Any, path: Any) -> None:
            self.at("remove")
            remove(io, path)

        os.replace, os.fsync = watched_rename, watched_sync  # type: ignore[assignment]
        TorchCheckpointIO.remove_checkpoint = watched_remove  # type: ignore[method-assign]
        if self.moment.place == "write":
            checkpoint_io.open = tarfile.bltn_open = self._watched_open  # type: ignore[attr-defined]

    @property
    def _suffix(self) -> str:
        return "" if self.moment is None else self.moment.suffix

    def _watched_open(self, path: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
        file = builtins.open(path, mode, *more, **named)  # noqa: SIM115 - the caller closes it
        if "w" not in mode or self._suffix not in Path(path).name or self.moment is None:
            return file
        return _WatchedFile(file, int(self.moment.share * 8192), lambda: self.at("write"))


class _WatchedFile:
    """A file that acts when so many bytes are on their way to the disk."""

    def __init__(self, file: Any, limit: int, act: Act) -> None:
        self._file, self._limit, self._act = file, limit, act

    def write(self, data: Any) -> int:
        before = self._file.tell()
        if before <= self._limit < before + len(data):
            self._file.write(bytes(data)[: self._limit - before])
            self._file.flush()
            self._act()
            self._file.seek(before)
        return int(self._file.write(data))

    def __enter__(self) -> _WatchedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
