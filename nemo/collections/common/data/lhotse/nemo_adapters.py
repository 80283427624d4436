"""Manifests as lhotse reads its own: a lazy sequence of cuts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from nemo.collections.common.data.manifest import PROMPT_KEYS, ManifestEntry, ManifestPaths, iterate_manifest
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.utils.optional import require

import_lhotse = partial(require, "lhotse", extra="lhotse", purpose="Loading through lhotse")


class LazyNeMoIterator:
    """The recordings of manifests as lhotse's cuts, read while they are iterated over.

    Use it as ``CutSet(LazyNeMoIterator("train.json"))``. The header of each recording is read, unless its line has a
    `sampling_rate`. Keys of the line that have no place in a cut are in its `custom`.

    Args:
        path: a manifest, several with commas between, or a list.
        text_field: key of the text.
        lang_field: key of the language.
    """

    def __init__(self, path: ManifestPaths, text_field: str = "text", lang_field: str = "lang") -> None:
        self.path = path
        self.text_field = text_field
        self.lang_field = lang_field
        self._length: int | None = None

    def __iter__(self) -> Iterator[Any]:
        for entry in iterate_manifest(self.path):
            yield self._cut(entry)

    def __len__(self) -> int:
        if self._length is None:
            self._length = sum(1 for _ in iterate_manifest(self.path))
        return self._length

    def __add__(self, other: Any) -> Any:
        return import_lhotse().lazy.LazyIteratorChain(self, other)

    def _cut(self, entry: ManifestEntry) -> Any:
        lhotse = import_lhotse()
        recording = self._recording(entry)
        cut = recording.to_cut()
        assert entry.duration is not None
        if entry.offset or entry.duration < recording.duration:
            if entry.offset >= recording.duration:
                raise AudioFileError(
                    f"{entry.place}: {entry.audio_file} is {recording.duration:.2f} s long and ends before the offset "
                    f"of {entry.offset} s. Mend the offset."
                )
            length = min(entry.duration, recording.duration - entry.offset)
            cut = cut.truncate(offset=entry.offset, duration=length, preserve_id=True)
        cut.id = f"{recording.id}-{entry.line}"
        told = {key: getattr(entry, key) for key in PROMPT_KEYS}
        cut.custom = {key: value for key, value in told.items() if value is not None} | entry.extra
        cut.supervisions.append(
            lhotse.SupervisionSegment(
                id=cut.id,
                recording_id=recording.id,
                start=0.0,
                duration=cut.duration,
                text=str(_value(entry, self.text_field)),
                language=_value(entry, self.lang_field),
                speaker=entry.speaker,
            )
        )
        return cut

    def _recording(self, entry: ManifestEntry) -> Any:
        lhotse = import_lhotse()
        if isinstance(entry.audio_file, list):
            raise ManifestError(f"{entry.place}: audio_filepath is a list. Expected one recording; list them by line.")
        rate = entry.extra.get("sampling_rate")
        if isinstance(rate, int) and rate > 0:
            assert entry.duration is not None
            samples = round((entry.offset + entry.duration) * rate)
            source = lhotse.audio.AudioSource(type="file", channels=[0], source=entry.audio_file)
            name = Path(entry.audio_file).stem
            return lhotse.Recording(name, [source], sampling_rate=rate, num_samples=samples, duration=samples / rate)
        try:
            return lhotse.Recording.from_file(entry.audio_file)
        except Exception as error:  # its backends each raise their own
            raise AudioFileError(
                f"{entry.place}: {entry.audio_file} cannot be read ({error}). Mend the path."
            ) from error


def _value(entry: ManifestEntry, key: str) -> Any:
    return entry.extra[key] if key in entry.extra else getattr(entry, key, None)
