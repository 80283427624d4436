"""Reads `.nemo` archives: a plain tar (or a gzip of one, from releases before 1.7), or a folder it was unpacked to.

All members are checked when the archive is opened, before anything of it is used. Members of a plain tar are given
as views of the mapped file, so weights are loaded from where they lie, without a second copy on disk.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO

from nemo.core.archive.file_views import map_file, map_open_file, open_view
from nemo.core.archive.member_names import check_no_twins, checked_name
from nemo.core.archive.nested import START_BYTES, check_not_nested
from nemo.core.archive.tar_headers import MAX_MEMBERS, read_entries
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError

CONFIG_NAME = "model_config.yaml"
MAX_CONFIG_BYTES = 10 * 2**20

MAX_GZIP_RATIO = 4
MIN_GZIP_ROOM = 64 * 2**20
"""Bytes that a gzip may grow to whatever its ratio: small models of zeros compress well."""


class ArchiveReader:
    """The members of a `.nemo` archive, or of the folder that one was unpacked to.

    Use it as a context manager. Names are given without a leading `./`.

    Args:
        path: the archive or the folder.

    Raises:
        FileNotFoundError: there is nothing at `path`.
        ArchiveError: it is no archive, or it is cut off or damaged.
        UnsafeArchiveError: a member could do harm. Nothing was used.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._data: memoryview | None = None
        if not self.path.exists():
            raise FileNotFoundError(f"There is no archive at {self.path}. Check the path of the .nemo file.")
        self._members = self._list_folder() if self.path.is_dir() else self._list_tar()

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file. Views that were given out stay valid: the mapping lives as long as they do."""
        self._data = None

    def names(self) -> list[str]:
        """Names of the files, in the archive's order."""
        return list(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def size(self, name: str) -> int:
        """Bytes of a member."""
        return self._span(name)[1]

    def view(self, name: str) -> memoryview:
        """A member's content, without a copy. Writing to it changes neither the file nor other readers."""
        offset, size = self._span(name)
        if self.path.is_dir():
            return map_file(self.path / name)
        if self._data is None:
            raise ArchiveError(f"{self.path}: the archive is closed; read {name!r} inside the `with` block.")
        return self._data[offset : offset + size]

    def read(self, name: str, limit: int | None = None) -> bytes:
        """A member's content.

        Raises:
            ArchiveError: there is no such member, or it is longer than `limit` bytes.
        """
        if limit is not None and self.size(name) > limit:
            raise UnsafeArchiveError(
                f"{self.path}: the member {name!r} has {self.size(name)} bytes; at most {limit} are accepted."
            )
        return bytes(self.view(name))

    def open_member(self, name: str) -> BinaryIO:
        """A member as a file that is read from the archive."""
        return open_view(self.view(name))

    def config_bytes(self, name: str = CONFIG_NAME) -> bytes:
        """The model's config as it is written, at most 10 MiB."""
        return self.read(name, limit=MAX_CONFIG_BYTES)

    def extract_to(self, folder: str | os.PathLike[str], names: Iterable[str] | None = None) -> None:
        """Writes members as private files (0600) under `folder`, which is made (0700) or is empty.

        Args:
            folder: where to.
            names: which members; all when not given.

        Raises:
            ArchiveError: `folder` has something in it, or there is no such member.
        """
        target = Path(folder)
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise ArchiveError(f"{self.path}: cannot be unpacked to {target}, which is not empty.")
        written: list[Path] = []
        try:
            for name in self._members if names is None else names:
                place = target / name
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                content = self.view(name)
                written.append(place)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
                with os.fdopen(os.open(place, flags, 0o600), "wb") as file:
                    file.write(content)
        except BaseException:
            for child in target.iterdir():
                shutil.rmtree(child) if child.is_dir() else child.unlink()
            raise

    def _span(self, name: str) -> tuple[int, int]:
        """Offset and size of a member."""
        if name not in self._members:
            raise ArchiveError(
                f"{self.path}: has no member {name!r}; it has {', '.join(list(self._members)[:20]) or 'none'}. "
                f"A .nemo archive needs {CONFIG_NAME} and model_weights.ckpt."
            )
        return self._members[name]

    def _list_tar(self) -> dict[str, tuple[int, int]]:
        source = str(self.path)
        with open(self.path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise ArchiveError(f"{source}: the file is empty. Download or copy it again.")
            start = file.read(2)
            file.seek(0)
            self._data = _gunzipped(file, source) if start == b"\x1f\x8b" else map_open_file(file)
        members: dict[str, tuple[int, int]] = {}
        names: list[str] = []
        for entry in read_entries(self._data, source):
            name = checked_name(entry.name, source)
            if entry.is_folder:
                if name:
                    names.append(name + "/")
                continue
            if not name:
                raise UnsafeArchiveError(f"{source}: the member {entry.name!r} is a file without a name.")
            names.append(name)
            if len(names) > MAX_MEMBERS:
                raise UnsafeArchiveError(
                    f"{source}: more than {MAX_MEMBERS} members; a model has fewer than a hundred."
                )
            members[name] = (entry.offset, entry.size)
            check_not_nested(
                name, bytes(self._data[entry.offset : entry.offset + min(entry.size, START_BYTES)]), source
            )
        check_no_twins(names, source)
        return members

    def _list_folder(self) -> dict[str, tuple[int, int]]:
        """The files of a folder. What begins with a dot (`.cache`, `.git`) belongs to the tool that brought it."""
        root = self.path.resolve()
        members: dict[str, tuple[int, int]] = {}
        for place in sorted(self.path.rglob("*")):
            relative = place.relative_to(self.path)
            if any(part.startswith(".") for part in relative.parts):
                continue
            name = checked_name(relative.as_posix(), str(self.path))
            _check_link(place, root, name)
            if place.is_dir():
                continue
            if not place.is_file():
                raise UnsafeArchiveError(f"{self.path}: {name!r} is neither a file nor a folder.")
            members[name] = (0, place.stat().st_size)
            if len(members) > MAX_MEMBERS:
                raise UnsafeArchiveError(f"{self.path}: more than {MAX_MEMBERS} files; is this an unpacked model?")
        return members


def _check_link(place: Path, root: Path, name: str) -> None:
    """Accepts links inside the folder, and those of the Hub's cache: snapshots/<revision>/x -> ../../blobs/<digest>."""
    target = place.resolve()
    blobs = root.parent.parent / "blobs"
    if target.is_relative_to(root):
        return
    if root.parent.name == "snapshots" and target.parent == blobs and target.is_file():
        return
    raise UnsafeArchiveError(
        f"{root}: {name!r} is a link to outside of the folder ({target}). If you trust it, copy the folder with what "
        f"its links point to: cp -rL"
    )


def _gunzipped(file: IO[bytes], source: str) -> memoryview:
    """The content of a gzip, unpacked to a nameless temporary file; growth is bounded while unpacking."""
    room = max(MIN_GZIP_ROOM, MAX_GZIP_RATIO * os.fstat(file.fileno()).st_size)
    stream = zlib.decompressobj(wbits=31)
    size = 0
    with tempfile.TemporaryFile() as unpacked:
        while not stream.eof:
            packed = stream.unconsumed_tail or file.read(1 << 20)
            if not packed:
                raise ArchiveError(f"{source}: the gzip is cut off. Download or copy the file again.")
            try:
                plain = stream.decompress(packed, 1 << 22)
            except zlib.error as error:
                raise ArchiveError(f"{source}: the gzip is damaged ({error}). Download the file again.") from error
            size += len(plain)
            if size > room:
                raise UnsafeArchiveError(
                    f"{source}: unpacks to more than {room} bytes; real weights never compress that well."
                )
            unpacked.write(plain)
        if stream.unused_data or file.read(1):
            raise UnsafeArchiveError(f"{source}: data after the end of the gzip.")
        unpacked.flush()
        if not size:
            raise ArchiveError(f"{source}: the gzip holds nothing. Download or copy the file again.")
        return map_open_file(unpacked)
