"""Features that are computed once and kept in files, each beside what it depends on.

A file belongs to one recording and one set of parameters: its name has a hash of both. It also holds size and time of
the recording as it was; when that has changed, the features are computed anew. So no cache has to be cleared by hand.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nemo.collections.tts.data.utterances import Utterance
from nemo.core.archive.side_files import read_arrays
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ArchiveError

logger = logging.getLogger(__name__)

_STATE = "recording"
_LONGEST_NAME = 80
"""Characters of the recording's name in that of its file."""


class FeatureCache:
    """A folder of features of one kind.

    Args:
        folder: is made when it is needed; None keeps nothing.
        kind: name of the feature, and of the folder in `folder`.
        parameters: what the feature depends on beside the recording.
    """

    def __init__(self, folder: str | os.PathLike[str] | None, kind: str, parameters: Mapping[str, Any]) -> None:
        self.folder = None if folder is None else Path(folder) / kind
        self.parameters = json.dumps(dict(parameters), sort_keys=True, default=str)

    def path(self, utterance: Utterance) -> Path | None:
        """The file of an utterance; None if nothing is kept."""
        if self.folder is None:
            return None
        part = f"{utterance.offset}+{utterance.duration}" if utterance.is_part else ""
        described = "\n".join([os.path.abspath(utterance.audio_file), part, self.parameters])
        digest = hashlib.sha256(described.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return self.folder / f"{utterance.stem[:_LONGEST_NAME]}_{digest}.npz"

    def has(self, utterance: Utterance) -> bool:
        """Whether the features are there and as new as the recording."""
        return self._read(utterance) is not None

    def get(self, utterance: Utterance, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """The features, computed and written if they are not there.

        Raises:
            OSError: they could not be written; names the file.
        """
        known = self._read(utterance)
        if known is not None:
            return known
        arrays = compute()
        path = self.path(utterance)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as temporary, open(temporary, "wb") as file:
                np.savez(file, **arrays, **{_STATE: np.array(_state(utterance))})  # type: ignore[arg-type]
        return arrays

    def _read(self, utterance: Utterance) -> dict[str, np.ndarray] | None:
        path = self.path(utterance)
        if path is None:
            return None
        with contextlib.suppress(FileNotFoundError):
            try:
                arrays = read_arrays(path)
            except ArchiveError as error:
                logger.warning("%s; it is computed again", error)
                return None
            state = arrays.pop(_STATE, None)
            if state is not None and str(state) == _state(utterance):
                return arrays
            logger.info("%s is older than %s and is computed again", path, utterance.audio_file)
        return None


def _state(utterance: Utterance) -> str:
    try:
        status = os.stat(utterance.audio_file)
    except OSError:  # reading it says more about what is wrong
        return "absent"
    return f"{status.st_size} bytes, {status.st_mtime_ns} ns"
