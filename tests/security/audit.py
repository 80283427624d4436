"""The oracle: what Python itself reports that a piece of code did (PEP 578)."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_HARM = ("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "subprocess.", "socket.",
         "ctypes.", "urllib.", "webbrowser.", "pty.")  # fmt: skip
_CHANGES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate")

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

_watching: list[Watch] = []


class Watch:
    """What happened while code ran: harmful events, and paths that were opened or changed."""

    def __init__(self, allowed: str) -> None:
        self.allowed = allowed
        self.harm: list[str] = []
        self.opened: set[str] = set()

    def see(self, event: str, arguments: tuple) -> None:
        if event == "open":
            path, mode, flags = arguments
            self.opened.add(str(path))
            writes = set(mode or "") & set("wxa+") or (isinstance(flags, int) and flags & _WRITING)
            if writes and self._is_outside(path):
                self.harm.append(f"{event} {path!r} for writing")
        elif event.startswith(_CHANGES):
            if self._is_outside(arguments[0]):
                self.harm.append(f"{event} {arguments!r}")
        elif event.startswith(_HARM):
            self.harm.append(f"{event} {arguments!r}")

    def _is_outside(self, path: object) -> bool:
        """Whether a path lies outside of the allowed folder; Python's own cache of compiled files does not count."""
        if not isinstance(path, (str, bytes)):
            return False
        text = os.fsdecode(path)
        return not text.startswith(self.allowed) and ".pyc" not in text and "__pycache__" not in text


def _hook(event: str, arguments: tuple) -> None:
    for watch in _watching:
        watch.see(event, arguments)


sys.addaudithook(_hook)  # stays for the life of the process; it does nothing while nobody watches


@contextlib.contextmanager
def watching(allowed_folder: str) -> Iterator[Watch]:
    """Records what the block does; writing is harmful outside of `allowed_folder`."""
    watch = Watch(allowed_folder)
    _watching.append(watch)
    try:
        yield watch
    finally:
        _watching.remove(watch)
