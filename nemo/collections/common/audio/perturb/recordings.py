"""Random recordings of a manifest: noise, impulse responses."""

from __future__ import annotations

import random
from typing import Any

from nemo.collections.common.audio.io import audio_duration
from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.data.manifest import ManifestPaths, read_manifest
from nemo.utils.exceptions import ConfigError, NotYetSupportedError


class Recordings:
    """The recordings that a perturbation draws from.

    Args:
        manifest_path: a manifest, several with commas between, or a list.
        what: `noise`, for example; named in errors.
        tar_files: the same packed in tar files; not in this release.

    Raises:
        ConfigError: there is no manifest.
        NotYetSupportedError: there are tar files.
    """

    def __init__(self, manifest_path: ManifestPaths | None, what: str, tar_files: Any | None = None) -> None:
        if tar_files is not None:
            raise NotYetSupportedError(
                f"Recordings of {what} in tar files ({tar_files}) are not in this release. Unpack them and give their "
                "manifest alone."
            )
        if manifest_path is None:
            raise ConfigError(f"No manifest of {what} is given. Expected manifest_path with recordings; set it.")
        self._what = what
        self._entries = read_manifest(manifest_path, require_duration=False)
        if not self._entries:
            raise ConfigError(f"{manifest_path} lists no recordings of {what}. Expected one or more; name another.")

    def draw(self, rng: random.Random, sample_rate: int, longest: float | None = None) -> AudioSegment:
        """A random recording, or a random part of it that is `longest` seconds long, at `sample_rate` Hz."""
        entry = rng.choice(self._entries)
        file = entry.audio_file
        if isinstance(file, list):
            raise ConfigError(
                f"{entry.place}: {self._what} of several files is not read. Expected one audio_filepath; name one."
            )
        available = entry.duration or audio_duration(file) - entry.offset
        start = entry.offset
        if longest is not None and available > longest:
            start += rng.uniform(0.0, available - longest)
            available = longest
        return AudioSegment.from_file(file, target_sr=sample_rate, offset=start, duration=available)
