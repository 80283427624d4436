"""One process at a time: locks that the system gives back when their holder dies."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

if os.name == "nt":
    import msvcrt
else:
    import fcntl

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.05
_TELL_SECONDS = 10.0


@contextlib.contextmanager
def file_lock(path: str | os.PathLike[str]) -> Iterator[None]:
    """Lets one process (and one thread of it) into the block; the others wait.

    Who waits finds out by itself whether the work has been done meanwhile. On a file system without locks, nobody
    waits.

    Args:
        path: an empty file that the lock lives on, made and removed here; best `<what is written>.lock`.

    Raises:
        OSError: the folder is missing or cannot be written to.
    """
    place = Path(path)
    told = time.monotonic()
    while True:
        handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            with hold_if_free(handle) as free:
                if free and _is_still(place, handle):
                    try:
                        yield
                    finally:
                        _remove(place)
                    return
        finally:
            os.close(handle)
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            logger.info("waiting for another process, which holds %s", place)
        time.sleep(_LOOK_SECONDS)


@contextlib.contextmanager
def hold_if_free(handle: int) -> Iterator[bool]:
    """Locks an open file for the block if nobody holds it; says whether it did. True, too, where there are no locks."""
    try:
        if os.name == "nt":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        yield False
        return
    except OSError as error:  # some network file systems have no locks
        logger.debug("no lock: %s", error)
        yield True
        return
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):
            if os.name == "nt":
                os.lseek(handle, 0, os.SEEK_SET)
                msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined, unused-ignore]
            else:
                fcntl.flock(handle, fcntl.LOCK_UN)


def _is_still(path: Path, handle: int) -> bool:
    """Whether the file that was locked is the one of this name; its last holder may have removed it meanwhile."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # Windows removes no file that is open; the next holder uses it again
        path.unlink()
