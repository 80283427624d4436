"""Writes `.nemo` archives in the original's layout: an uncompressed tar, `./` first, then files `./x`."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Union, cast

from nemo.core.archive.member_names import check_no_twins, checked_name
from nemo.core.archive.nested import START_BYTES, check_not_nested
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import UnsafeArchiveError

Source = Union[bytes, str, "os.PathLike[str]", Callable[[IO[bytes]], None]]
"""What a member is made of: its bytes, a file to copy, or a function that writes it."""


def write_archive(
    path: str | os.PathLike[str],
    contents: str | os.PathLike[str] | Mapping[str, Source],
    *,
    sort: bool = True,
    needed_bytes: int = 0,
) -> None:
    """Writes an archive that is either whole or not there. The same contents give the same bytes.

    Args:
        path: the archive to write; replaced when it exists.
        contents: a folder, all of whose files are taken, or name -> source.
        sort: order members by name; otherwise in the order of `contents`.
        needed_bytes: about how much the functions among the sources will write; a disk without room is refused at once.

    Raises:
        UnsafeArchiveError: a name or a content that :class:`ArchiveReader` would refuse.
        WriteError: the disk is full; names the archive and the bytes.
        OSError: a source cannot be read or the archive cannot be written.
    """
    members = contents if isinstance(contents, Mapping) else _files_of(Path(contents))
    names = {name: checked_name(name, str(path)) for name in (sorted(members) if sort else members)}
    unnamed = [given for given, name in names.items() if not name]
    if unnamed:
        raise UnsafeArchiveError(f"{path}: {unnamed[0]!r} names the archive's folder; give the member a name.")
    check_no_twins(names.values(), str(path))
    for given, name in names.items():
        check_not_nested(name, _start_of(members[given]), str(path))
    needed_bytes += sum(map(_size_of, members.values()))
    with atomic_write(path, needed_bytes) as temporary, tarfile.open(temporary, "w:", format=tarfile.PAX_FORMAT) as tar:
        root = tarfile.TarInfo("./")
        root.type, root.mode = tarfile.DIRTYPE, 0o700
        tar.addfile(root)
        for given, name in names.items():
            _add(tar, f"./{name}", members[given])


def _start_of(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source[:START_BYTES]
    if callable(source):  # weights
        return b""
    with open(source, "rb") as file:
        return file.read(START_BYTES)


def _files_of(folder: Path) -> dict[str, Source]:
    return {place.relative_to(folder).as_posix(): place for place in folder.rglob("*") if place.is_file()}


def _size_of(source: Source) -> int:
    """Bytes of a member; 0 for what a function will write."""
    if isinstance(source, bytes):
        return len(source)
    return 0 if callable(source) else os.path.getsize(source)


def _add(tar: tarfile.TarFile, name: str, source: Source) -> None:
    info = tarfile.TarInfo(name)  # owner 0, time 0: the same contents give the same archive
    info.mode = 0o644
    if isinstance(source, bytes):
        info.size = len(source)
        tar.addfile(info, io.BytesIO(source))
    elif callable(source):
        _add_written(tar, info, source)
    else:
        with open(source, "rb") as file:
            info.size = os.fstat(file.fileno()).st_size
            tar.addfile(info, file)


def _add_written(tar: tarfile.TarFile, info: tarfile.TarInfo, write: Callable[[IO[bytes]], None]) -> None:
    """Lets `write` put a member straight into the archive; its size is filled in afterwards."""
    file = cast("IO[bytes]", tar.fileobj)
    start = file.tell()
    tar.addfile(info)  # a header with size 0, written again below
    content = file.tell()
    write(_Tail(file, content))  # type: ignore[arg-type]
    file.seek(0, os.SEEK_END)
    info.size = file.tell() - content
    file.write(b"\0" * (-info.size % tarfile.BLOCKSIZE))
    end = file.tell()
    header = info.tobuf(tar.format, tar.encoding or "utf-8", tar.errors or "strict")
    if start + len(header) != content:
        raise OSError(f"{info.name}: {info.size} bytes are too many to be written into an archive in one pass")
    file.seek(start)
    file.write(header)
    file.seek(end)
    tar.offset = end


class _Tail:
    """The part of a file from `start` on, as a file of its own for writing."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        self._file, self._start = file, start

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset + self._start if whence == os.SEEK_SET else offset, whence) - self._start

    def flush(self) -> None:
        self._file.flush()
