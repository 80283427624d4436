"""A log file that can fail without harm: training goes on when the disk is full, and is told so once."""

from __future__ import annotations

import contextlib
import logging
import os
import sys


class LogFile(logging.FileHandler):
    """Writes log lines to a file; when that fails it says so once on the standard error, and stops.

    Args:
        path: lines are added at its end.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path, encoding="utf-8")
        self._failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line."""
        if not self._failed:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Called when a line could not be written."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self._failed = True
        written = os.path.getsize(self.baseFilename) if os.path.exists(self.baseFilename) else 0
        with contextlib.suppress(OSError, AttributeError):  # there may be no standard error
            sys.stderr.write(
                f"{self.baseFilename} gets no more lines: {error.strerror or error}, after {written:,} bytes. "
                "The program goes on.\n"
            )

    def close(self) -> None:
        """Closes the file; what could not be written is lost."""
        try:
            super().close()
        except OSError:
            if not self._failed:
                raise
