"""What is known while a model is being restored: where its artifacts lie and whether its config may be believed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Restoration:
    """One restore in progress."""

    source: str
    """The archive, for messages."""
    artifact_folder: Path
    """Private folder that holds the files of the archive; lives as long as the model."""
    archive_values: frozenset[str]
    """Every string of the archive's own config. Paths among them are not opened outside `artifact_folder`; what the
    user's override adds is believed."""


_current: ContextVar[Restoration | None] = ContextVar("nemo_restoration", default=None)


def current_restoration() -> Restoration | None:
    """The restore that this code runs under, None outside of one. Each thread has its own."""
    return _current.get()


@contextlib.contextmanager
def restoring(restoration: Restoration) -> Iterator[None]:
    """Marks the block as part of a restore, also in :class:`~nemo.utils.app_state.AppState` for users' code."""
    from nemo.utils.app_state import AppState

    state = AppState()
    before = (state.is_model_being_restored, state.nemo_file_folder)
    token = _current.set(restoration)
    state.is_model_being_restored, state.nemo_file_folder = True, str(restoration.artifact_folder)
    try:
        yield
    finally:
        _current.reset(token)
        state.is_model_being_restored, state.nemo_file_folder = before
