"""The recordings of manifests that are used for training, with their texts as ids."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from nemo.collections.common.data.manifest import ManifestEntry, ManifestPaths, read_manifest
from nemo.collections.common.exceptions import ManifestError

logger = logging.getLogger(__name__)


class TextCollection:
    """Entries of manifests within limits, with the ids of their texts.

    Args:
        manifests: paths.
        to_ids: entry -> ids of its text, or None for a text that cannot be used, whose entry is left out.
        max_duration: leave out longer recordings, in seconds; None for no limit.
        min_duration: leave out shorter ones.
        max_utts: keep this many entries at most; 0 for all.
        skip_bad_lines: leave faulty lines of a manifest out, with one warning that counts them.
        dtype: of the ids; numbers other than ids are float32.

    Raises:
        ManifestError: a manifest cannot be read, or nothing is left.
    """

    def __init__(
        self,
        manifests: ManifestPaths,
        to_ids: Callable[[ManifestEntry], Sequence[float] | None],
        max_duration: float | None = None,
        min_duration: float | None = None,
        max_utts: int = 0,
        skip_bad_lines: bool = False,
        dtype: type[np.generic] = np.int64,
    ) -> None:
        self.entries: list[ManifestEntry] = []
        left_out: Counter[str] = Counter()
        ids: list[float] = []
        ends = [0]
        for entry in read_manifest(manifests, skip_bad_lines=skip_bad_lines):
            duration = entry.duration or 0.0
            if max_duration is not None and duration > max_duration:
                left_out[f"longer than {max_duration} s"] += 1
                continue
            if min_duration is not None and duration < min_duration:
                left_out[f"shorter than {min_duration} s"] += 1
                continue
            tokens = to_ids(entry)
            if tokens is None:
                left_out["without usable text"] += 1
                continue
            ids.extend(tokens)
            ends.append(len(ids))
            self.entries.append(entry)
            if len(self.entries) == max_utts:
                break
        # one array, not a list for each entry: workers share it without copies
        self._ids = np.array(ids, dtype=dtype)
        self._ends = np.array(ends, dtype=np.int64)
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        if not self.entries:
            raise ManifestError(
                f"No recording of {manifests} is left: {reasons}. Expected at least one; change "
                "max_duration or min_duration."
            )
        if not ids:
            logger.warning(
                "None of the %d recordings of %s has a text; a model that learns them learns to write nothing. Write "
                'the transcripts as "text", or as "text_filepath".',
                len(self),
                manifests,
            )
        hours = sum(entry.duration or 0.0 for entry in self.entries) / 3600
        logger.info("%d recordings, %.2f hours%s", len(self), hours, f"; left out: {reasons}" if reasons else "")

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> ManifestEntry:
        return self.entries[index]

    def tokens(self, index: int) -> np.ndarray:
        """Ids of the text of an entry, [U]."""
        return self._ids[self._ends[index] : self._ends[index + 1]]
