"""What a dataset does about a recording that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

from nemo.collections.common.exceptions import AudioFileError
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

ACTIONS = ("raise", "skip", "replace")
TRIES = 20
"""Recordings that are tried in place of a bad one before the fault is taken for one of all."""

Key = TypeVar("Key")
Sample = TypeVar("Sample")


class BadAudioPolicy:
    """Reads samples; of those that cannot be read it raises, leaves out or replaces.

    Args:
        action: `raise` stops with the error; `skip` gives None, which the batch leaves out; `replace` reads another.

    Raises:
        ConfigError: an unknown action.
    """

    def __init__(self, action: str = "raise") -> None:
        if action not in ACTIONS:
            raise ConfigError(f"on_bad_audio is {action!r}. Expected one of {', '.join(ACTIONS)}; set one of them.")
        self.action = action
        self._reported: set[str] = set()

    def read(self, key: Key, others: Iterable[Key], read: Callable[[Key], Sample]) -> Sample | None:
        """The sample of `key`; with `replace`, that of the first of `others` which can be read.

        Raises:
            AudioFileError: with `raise`; with `replace` if the others cannot be read either.
        """
        try:
            return read(key)
        except AudioFileError as error:
            if self.action == "raise":
                raise
            self._report(error)
            if self.action == "skip":
                return None
            first = error
        for other in islice(others, TRIES):
            try:
                return read(other)
            except AudioFileError as error:
                self._report(error)
        raise AudioFileError(f"{first} (nor could {TRIES} others be read in its place)")

    def usable(self, batch: list[Sample | None]) -> list[Sample]:
        """The samples of a batch that could be read.

        Raises:
            AudioFileError: there is none.
        """
        kept = [sample for sample in batch if sample is not None]
        if not kept:
            raise AudioFileError(
                f"None of the {len(batch)} recordings of a batch can be read; the log names them. Mend them, or set "
                "on_bad_audio to replace."
            )
        return kept

    def _report(self, error: AudioFileError) -> None:
        if str(error) not in self._reported:
            self._reported.add(str(error))
            logger.warning("a recording is %s: %s", {"skip": "left out"}.get(self.action, "replaced"), error)
