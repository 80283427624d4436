"""Log lines of the toolkit: `[NeMo I 2026-01-31 12:30:00 manager:42] text`.

Everything goes through the standard logger "nemo". This module gives it two handlers, INFO and below to the standard
output and the rest to the standard error stream, and offers users a front with short names:

    from nemo.utils import logging
    logging.info("epoch %d", epoch)
    logging.setLevel(logging.ERROR)

The level is INFO; `NEMO_LOG_LEVEL=WARNING` (or a number) sets another. In a run of several processes the one of rank
zero prints; the log files of an experiment are written by each. Python's warnings stay as they are unless
`logging.captureWarnings(True)` is called.
"""

from __future__ import annotations

import contextlib
import logging as std_logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, TextIO

from nemo.constants import (
    NEMO_ENV_LOG_LEVEL,
    NEMO_ENV_VARNAME_ENABLE_COLORING,
    NEMO_ENV_VARNAME_REDIRECT_LOGS_TO_STDERR,
    NEMO_ENV_VARNAME_TESTING,
)
from nemo.utils.env_var_parsing import get_envbool
from nemo.utils.get_rank import is_global_rank_zero
from nemo.utils.log_file import LogFile
from nemo.utils.logging_mode import LogMode

INDENT = " " * 4
COLOURS = {std_logging.DEBUG: 36, std_logging.WARNING: 33, std_logging.ERROR: 31, std_logging.CRITICAL: 35}
LEVELS = {name: getattr(std_logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "NOTSET")}


class LineFormatter(std_logging.Formatter):
    """`[NeMo I 2026-01-31 12:30:00 module:line] text`; further lines of the text are indented by four."""

    def __init__(self, coloured: bool = False) -> None:
        super().__init__("[NeMo %(letter)s %(asctime)s %(module)s:%(lineno)d] %(message)s", "%Y-%m-%d %H:%M:%S")
        self.coloured = coloured

    def format(self, record: std_logging.LogRecord) -> str:
        """One record as text."""
        record.letter = record.levelname[:1]
        text = super().format(record).replace("\n", "\n" + INDENT)
        if self.coloured and record.levelno in COLOURS:
            return f"\x1b[{COLOURS[record.levelno]}m{text}\x1b[0m"
        return text


class _ConsoleHandler(std_logging.Handler):
    """Prints to the stream that `sys.stdout` or `sys.stderr` is at that moment, on rank zero only."""

    def __init__(self, stream_name: str) -> None:
        super().__init__()
        self.stream_name = stream_name
        self.patched: TextIO | None = None
        self.setFormatter(LineFormatter())

    def emit(self, record: std_logging.LogRecord) -> None:
        if not is_global_rank_zero() and not get_envbool(NEMO_ENV_VARNAME_TESTING, False):
            return
        try:
            stream = self.patched or getattr(sys, self.stream_name)
            if stream is None:  # a program without a console
                return
            wants_colour = get_envbool(NEMO_ENV_VARNAME_ENABLE_COLORING, False) and stream.isatty()
            self.formatter = LineFormatter(coloured=bool(wants_colour))
            stream.write(self.format(record) + "\n")
            stream.flush()
        except Exception:
            self.handleError(record)


def _is_quiet(record: std_logging.LogRecord) -> bool:
    return record.levelno <= std_logging.INFO


def _is_loud(record: std_logging.LogRecord) -> bool:
    return record.levelno > std_logging.INFO


class Logger:
    """The front that `from nemo.utils import logging` gives; all of it acts on the standard logger "nemo"."""

    CRITICAL = std_logging.CRITICAL
    FATAL = std_logging.CRITICAL
    ERROR = std_logging.ERROR
    WARNING = std_logging.WARNING
    INFO = std_logging.INFO
    DEBUG = std_logging.DEBUG
    NOTSET = std_logging.NOTSET

    def __init__(self) -> None:
        self._logger = std_logging.getLogger("nemo")
        self._logger.propagate = False  # a root handler (Hydra, absl) would print every line twice
        self._handlers: dict[str, std_logging.Handler] = {}
        self._said_once: set[tuple[int, str]] = set()
        self._plain_showwarning: Any = None
        self._set_first_level()
        self.add_stream_handlers()

    def _set_first_level(self) -> None:
        wanted = os.environ.get(NEMO_ENV_LOG_LEVEL, "INFO").strip()
        try:
            self.set_verbosity(wanted)
        except ValueError:
            self._logger.setLevel(std_logging.INFO)
            warnings.warn(
                f"{NEMO_ENV_LOG_LEVEL}={wanted!r} is no log level; use one of {', '.join(LEVELS)} or a number",
                stacklevel=2,
            )

    # ---------------------------------------------------------------------------------------------------- messages

    def debug(self, msg: object, *args: object, mode: LogMode = LogMode.EACH, **kwargs: Any) -> None:
        """Logs for developers."""
        self._log(std_logging.DEBUG, msg, args, mode, kwargs)

    def info(self, msg: object, *args: object, mode: LogMode = LogMode.EACH, **kwargs: Any) -> None:
        """Logs what happens."""
        self._log(std_logging.INFO, msg, args, mode, kwargs)

    def warning(self, msg: object, *args: object, mode: LogMode = LogMode.EACH, **kwargs: Any) -> None:
        """Logs what is probably not wanted."""
        self._log(std_logging.WARNING, msg, args, mode, kwargs)

    def error(self, msg: object, *args: object, mode: LogMode = LogMode.EACH, **kwargs: Any) -> None:
        """Logs what went wrong."""
        self._log(std_logging.ERROR, msg, args, mode, kwargs)

    def critical(self, msg: object, *args: object, mode: LogMode = LogMode.EACH, **kwargs: Any) -> None:
        """Logs what cannot go on."""
        self._log(std_logging.CRITICAL, msg, args, mode, kwargs)

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        """Logs an error with the traceback of the exception that is being handled."""
        self._log(std_logging.ERROR, msg, args, LogMode.EACH, {"exc_info": True, **kwargs})

    def _log(self, level: int, msg: object, args: tuple[object, ...], mode: LogMode, kwargs: dict[str, Any]) -> None:
        if not self._logger.isEnabledFor(level):
            return
        if mode == LogMode.ONCE:
            said = (level, str(msg) % args if args else str(msg))
            if said in self._said_once:
                return
            self._said_once.add(said)
        stack_level = int(kwargs.pop("stacklevel", 1)) + 2  # past this method and the one of the level
        self._logger.log(level, msg, *args, stacklevel=stack_level, **kwargs)

    # ------------------------------------------------------------------------------------------------------- level

    def get_verbosity(self) -> int:
        """The level, as a number of the standard library."""
        return self._logger.level

    def set_verbosity(self, verbosity_level: int | str) -> None:
        """Sets the level.

        Args:
            verbosity_level: a number or DEBUG, INFO, WARNING, ERROR, CRITICAL in any case.

        Raises:
            ValueError: no such level.
        """
        self._logger.setLevel(_level(verbosity_level))

    def setLevel(self, verbosity_level: int | str) -> None:
        """Sets the level; see :meth:`set_verbosity`."""
        self.set_verbosity(verbosity_level)

    @contextlib.contextmanager
    def temp_verbosity(self, verbosity_level: int | str) -> Iterator[None]:
        """Another level inside the block."""
        before = self.get_verbosity()
        self.set_verbosity(verbosity_level)
        try:
            yield
        finally:
            self.set_verbosity(before)

    # ----------------------------------------------------------------------------------------------------- handlers

    def add_stream_handlers(self) -> None:
        """Puts the two console handlers in place; nothing is doubled."""
        quiet = "stderr" if get_envbool(NEMO_ENV_VARNAME_REDIRECT_LOGS_TO_STDERR, False) else "stdout"
        for key, stream_name, belongs in (("stdout", quiet, _is_quiet), ("stderr", "stderr", _is_loud)):
            handler = _ConsoleHandler(stream_name)
            handler.addFilter(belongs)
            self._set_handler(key, handler)

    def remove_stream_handlers(self) -> None:
        """Stops printing; log files go on."""
        for key in ("stdout", "stderr"):
            self._set_handler(key, None)

    def add_file_handler(self, log_file: str | os.PathLike[str]) -> None:
        """Writes every line to a file, too; an earlier log file of this kind is closed."""
        self._set_handler("file", _file_handler(log_file))

    def add_err_file_handler(self, log_file: str | os.PathLike[str]) -> None:
        """Writes warnings and worse to a file, too; an earlier file of this kind is closed."""
        handler = _file_handler(log_file)
        handler.addFilter(_is_loud)
        self._set_handler("error_file", handler)

    def remove_file_handlers(self) -> None:
        """Closes the log files."""
        for key in ("file", "error_file"):
            self._set_handler(key, None)

    def _set_handler(self, key: str, handler: std_logging.Handler | None) -> None:
        old = self._handlers.pop(key, None)
        if old is not None:
            self._logger.removeHandler(old)
            old.close()
        if handler is not None:
            self._handlers[key] = handler
            self._logger.addHandler(handler)

    def patch_stdout_handler(self, stream: TextIO) -> contextlib.AbstractContextManager[None]:
        """Sends what would be printed to the standard output to `stream` inside the block."""
        return self._patched("stdout", stream)

    def patch_stderr_handler(self, stream: TextIO) -> contextlib.AbstractContextManager[None]:
        """Sends what would be printed to the standard error stream to `stream` inside the block."""
        return self._patched("stderr", stream)

    @contextlib.contextmanager
    def _patched(self, key: str, stream: TextIO) -> Iterator[None]:
        handler = self._handlers.get(key)
        if not isinstance(handler, _ConsoleHandler):
            raise RuntimeError(f"there is no {key} handler to patch; call add_stream_handlers() first")
        before, handler.patched = handler.patched, stream
        try:
            yield
        finally:
            handler.patched = before

    # ----------------------------------------------------------------------------------------------------- warnings

    def captureWarnings(self, capture: bool) -> None:
        """Logs Python's warnings, with the place that they name, instead of letting Python print them; or no more."""
        if capture and self._plain_showwarning is None:
            self._plain_showwarning = warnings.showwarning
            warnings.showwarning = self._showwarning
        elif not capture and self._plain_showwarning is not None:
            warnings.showwarning = self._plain_showwarning
            self._plain_showwarning = None

    def _showwarning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if file is not None:  # somebody asked for it in a file
            self._plain_showwarning(message, category, filename, lineno, file, line)
            return
        text = f"{category.__name__}: {message}"
        record = self._logger.makeRecord("nemo", std_logging.WARNING, filename, lineno, text, (), None)
        if self._logger.isEnabledFor(std_logging.WARNING):
            self._logger.handle(record)


def _file_handler(path: str | os.PathLike[str]) -> std_logging.Handler:
    handler = LogFile(path)
    handler.setFormatter(LineFormatter())
    return handler


def _level(wanted: int | str) -> int:
    if isinstance(wanted, int):
        return wanted
    text = wanted.strip().upper()
    if text.isdigit():
        return int(text)
    if text not in LEVELS:
        raise ValueError(f"{wanted!r} is no log level; use one of {', '.join(LEVELS)} or a number")
    return int(LEVELS[text])


logging = Logger()
"""What `from nemo.utils import logging` gives."""
