"""Files as memory, and memory as files: what lets weights be read from where they lie in an archive."""

from __future__ import annotations

import io
import mmap
import os
from pathlib import Path
from typing import IO, BinaryIO


def map_file(path: str | os.PathLike[str]) -> memoryview:
    """A file's content as private pages: it is read when it is used, and writing to it never reaches the file."""
    with open(Path(path), "rb") as file:
        return map_open_file(file)


def map_open_file(file: IO[bytes]) -> memoryview:
    """As :func:`map_file`, of an open file, which may be closed afterwards."""
    if os.fstat(file.fileno()).st_size == 0:
        return memoryview(b"")
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))


def open_view(view: memoryview) -> BinaryIO:
    """Memory as a binary file for reading."""
    return io.BufferedReader(_ViewFile(view))


class _ViewFile(io.RawIOBase):
    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: len(self._view)}[whence]
        if position < 0:
            raise ValueError(f"cannot seek to {position}, before the start")
        self._position = position
        return position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._view[self._position : self._position + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)
