import errno
import logging

import pytest

from nemo.utils.log_file import LogFile


def record(text="hello"):
    return logging.LogRecord("a", logging.INFO, "", 0, text, None, None)


def test_lines_are_added(tmp_path):
    for text in ("one", "two"):
        log = LogFile(tmp_path / "log.txt")
        log.emit(record(text))
        log.close()
    assert (tmp_path / "log.txt").read_text() == "one\ntwo\n"


def test_a_failure_is_said_once(tmp_path, capsys, monkeypatch):
    log = LogFile(tmp_path / "log.txt")
    log.emit(record())

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(log, "flush", full)
    for _ in range(3):
        log.emit(record())
    log.close()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "log.txt gets no more lines: No space left on device, after 6 bytes. The program goes on." in said


def test_other_errors_are_shown_as_ever(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", True)
    log = LogFile(tmp_path / "log.txt")
    log.emit(record())
    log.setFormatter(logging.Formatter("%(nothing)s"))
    log.emit(record())
    log.close()
    assert "--- Logging error ---" in capsys.readouterr().err


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        LogFile(tmp_path / "nowhere" / "log.txt")
