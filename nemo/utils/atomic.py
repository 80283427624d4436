"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nemo.utils.exceptions import WriteError
from nemo.utils.file_lock import hold_if_free

logger = logging.getLogger(__name__)

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when there is no room: on the disk, in the user's quota, in one file."""

_LONGEST_PART = 200
"""Bytes of the target's name in that of its temporary file, which is a little longer and may have 255."""


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], needed_bytes: int = 0) -> Iterator[Path]:
    """Gives a temporary path beside `path`; when the block ends well, that file becomes `path`.

    The file is synced to disk before it is renamed and the folder after, so that a crash or power cut leaves either
    the old file or the new one. When the block fails, the temporary file is removed and `path` is as it was. What a
    killed process leaves is removed by :func:`remove_stray_files`.

    Args:
        path: the file to write; its folder must exist.
        needed_bytes: about how large it will be, if that is known: a disk without this room is refused at once.

    Raises:
        WriteError: the disk is full, or the file could not be renamed; the message names `path` and bytes.
        OSError: the folder is missing or cannot be written to; the message names `path`.
    """
    target = Path(path)
    try:
        _check_target(target, needed_bytes)
        handle, temporary = _temporary_beside(target)
    except OSError as error:
        raise explained(error, target, needed_bytes) from error
    with contextlib.ExitStack() as at_the_end:
        at_the_end.callback(temporary.unlink, missing_ok=True)
        at_the_end.enter_context(_marked_as_in_use(handle))
        try:
            yield temporary
        except (OSError, RuntimeError) as error:
            _raise_interruption_behind(error)
            cause = os_error_behind(error)
            if cause is None or cause.errno not in FULL_DISK or isinstance(error, WriteError):
                raise
            raise explained(cause, target, needed_bytes, temporary) from error
        try:
            _sync_and_rename(temporary, target)
        except OSError as error:
            raise explained(error, target, needed_bytes, temporary) from error


def remove_stray_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Removes what killed processes were writing in `folder` with :func:`atomic_write`; what is being written stays.

    Returns:
        The files that were removed.
    """
    removed = []
    for path in Path(folder).glob(".*.tmp"):
        if not re.fullmatch(r"\..+\.\w+\.tmp", path.name) or not path.is_file():
            continue
        with contextlib.suppress(OSError):  # another process was quicker, or (Windows) has it open
            handle = os.open(path, os.O_RDWR)
            try:
                with hold_if_free(handle) as free:
                    if free:
                        path.unlink()
                        removed.append(path)
            finally:
                os.close(handle)
    for path in removed:
        logger.debug("removed %s, which a killed process left", path)
    return removed


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Makes a rename inside `folder` durable; does nothing where folders cannot be opened (Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def os_error_behind(error: BaseException | None) -> OSError | None:
    """The system's error behind one of a library's writer, which hides it in a chain of others."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error
        error = error.__cause__ or error.__context__
    return None


def explained(error: OSError, target: Path, needed_bytes: int = 0, temporary: Path | None = None) -> OSError:
    """The same error in words that name the file, what is needed and what to do; of the same builtin class."""
    if error.errno in FULL_DISK:
        written = temporary.stat().st_size if temporary is not None and temporary.exists() else 0
        needs = f"it needs about {needed_bytes:,} bytes" if needed_bytes else f"{written:,} bytes were written"
        full = WriteError(
            f"{target} was not written: {needs}, and the disk has {_free_bytes(target.parent):,} bytes free "
            f"({os.strerror(error.errno)}). What was there before is intact. Free some space and try again."
        )
        full.errno = error.errno
        return full
    why = os.strerror(error.errno) if error.errno else str(error)
    text = f"{target} was not written: {why}. What was there before is intact. {_remedy(error, target)}"
    same: OSError = type(error)(text) if type(error) is not OSError else WriteError(text)
    same.errno = error.errno
    return same


def _raise_interruption_behind(error: BaseException) -> None:
    """Raises Ctrl-C or the end of the program anew, which PyTorch's writer turns into an error of its own."""
    behind = error.__cause__ or error.__context__
    while behind is not None:
        if isinstance(behind, (KeyboardInterrupt, SystemExit)):
            raise behind
        behind = behind.__cause__ or behind.__context__


def _remedy(error: OSError, target: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return f"Make the folder {target.parent} first."
    if isinstance(error, (PermissionError, FileExistsError)) or error.errno == errno.EROFS:
        return f"Make {target.parent} writable, or choose another folder."
    if isinstance(error, (IsADirectoryError, NotADirectoryError)):
        return "Choose another name, or move away what is there."
    if error.errno == errno.ENAMETOOLONG:
        return "Choose a shorter name."
    return "Try again; if it stays so, choose another folder."


def _check_target(target: Path, needed_bytes: int) -> None:
    """Refuses before anything is written what could not be renamed afterwards, or would not fit."""
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    with contextlib.suppress(FileNotFoundError):
        os.lstat(target)  # the name may be too long
    if needed_bytes and _free_bytes(target.parent) < needed_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))


def _temporary_beside(target: Path) -> tuple[int, Path]:
    part = os.fsencode(target.name)[:_LONGEST_PART].decode("utf-8", "ignore")
    handle, name = tempfile.mkstemp(prefix=f".{part}.", suffix=".tmp", dir=target.parent)
    return handle, Path(name)


@contextlib.contextmanager
def _marked_as_in_use(handle: int) -> Iterator[None]:
    """Locks a temporary file, so that nobody takes it for a stray; Windows protects each open file by itself."""
    if os.name == "nt":
        os.close(handle)
        yield
        return
    try:
        with hold_if_free(handle):
            yield
    finally:
        os.close(handle)


def _sync_and_rename(temporary: Path, target: Path) -> None:
    with open(temporary, "rb+") as file:
        os.fsync(file.fileno())
    os.chmod(temporary, 0o666 & ~_umask())  # mkstemp made it private; an ordinary file is wanted
    os.replace(temporary, target)
    sync_folder(target.parent)


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free if folder.is_dir() else 0


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
