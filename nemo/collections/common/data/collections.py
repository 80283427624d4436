"""Lists of recordings with what is known about them: texts as ids, or labels.

They are for scripts that read manifests themselves; datasets of the collections keep their entries more compactly.
"""

from __future__ import annotations

import os
from collections import Counter, UserList
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from nemo.collections.common.data.manifest import ManifestPaths, read_manifest
from nemo.collections.common.exceptions import ManifestError


class AudioTextEntity(NamedTuple):
    """A recording and its text."""

    id: Any
    audio_file: str | list[str]
    duration: float
    """Seconds."""
    text_tokens: Sequence[int]
    offset: float | None
    """Seconds from the beginning of the file."""
    text_raw: str
    speaker: Any
    orig_sr: int | None
    lang: str | None


class SpeechLabelEntity(NamedTuple):
    """A recording and its label."""

    audio_file: str | list[str]
    duration: float
    """Seconds."""
    label: Any
    offset: float | None
    """Seconds from the beginning of the file."""


class _Limited(UserList[Any]):
    """Entities whose duration is within limits.

    `mapping` gives, with `index_by_file_id`, the places of the entities of each file name without folder and ending.
    """

    def __init__(
        self,
        entities: Iterable[Any],
        min_duration: float | None,
        max_duration: float | None,
        max_number: int | None,
        do_sort_by_size: bool,
        index_by_file_id: bool,
    ) -> None:
        kept = []
        for entity in entities:
            too_short = min_duration is not None and entity.duration < min_duration
            too_long = max_duration is not None and entity.duration > max_duration
            if not too_short and not too_long:
                kept.append(entity)
            if len(kept) == max_number:
                break
        if do_sort_by_size:
            kept.sort(key=lambda entity: entity.duration)
        super().__init__(kept)
        self.mapping: dict[str, list[int]] = {}
        if index_by_file_id:
            for place, entity in enumerate(kept):
                stem = os.path.splitext(os.path.basename(str(entity.audio_file)))[0]
                self.mapping.setdefault(stem, []).append(place)


class AudioText(_Limited):
    """Recordings with the ids of their texts; those whose text gives no ids are left out.

    Args:
        ids: whatever names each recording.
        audio_files: their paths.
        durations: seconds.
        texts: as they were said.
        offsets: seconds from the beginning of the file.
        speakers: who speaks.
        orig_sampling_rates: Hz before the recording was stored.
        token_labels: ids that are known; where they are None, `parser` makes them of the text.
        langs: languages.
        parser: text -> ids, or None for a text that cannot be used.
        min_duration: leave out shorter ones, in seconds.
        max_duration: leave out longer ones.
        max_number: keep so many.
        do_sort_by_size: shortest first.
        index_by_file_id: fill `mapping`.
    """

    def __init__(
        self,
        ids: Sequence[Any],
        audio_files: Sequence[str | list[str]],
        durations: Sequence[float],
        texts: Sequence[str],
        offsets: Sequence[float | None],
        speakers: Sequence[Any],
        orig_sampling_rates: Sequence[int | None],
        token_labels: Sequence[Sequence[int] | None],
        langs: Sequence[str | None],
        parser: Callable[[str], Sequence[int] | None],
        min_duration: float | None = None,
        max_duration: float | None = None,
        max_number: int | None = None,
        do_sort_by_size: bool = False,
        index_by_file_id: bool = False,
    ) -> None:
        rows = zip(
            ids, audio_files, durations, texts, offsets, speakers, orig_sampling_rates, token_labels, langs, strict=True
        )
        entities = (
            AudioTextEntity(name, file, duration, tokens, offset, text, speaker, rate, lang)
            for name, file, duration, text, offset, speaker, rate, known, lang in rows
            if (tokens := parser(text) if known is None else known) is not None
        )
        super().__init__(entities, min_duration, max_duration, max_number, do_sort_by_size, index_by_file_id)


class ASRAudioText(AudioText):
    """Recordings of manifests with the ids of their texts.

    Args:
        manifests_files: a manifest, several with commas between, or a list.
        parser: text -> ids, or None for a text that cannot be used.
        **options: `min_duration` and all that follows it in :class:`AudioText`.

    Raises:
        ManifestError: a manifest cannot be read; names file, line and key.
    """

    def __init__(
        self, manifests_files: ManifestPaths, parser: Callable[[str], Sequence[int] | None], **options: Any
    ) -> None:
        entries = read_manifest(manifests_files)
        super().__init__(
            [number if entry.id is None else entry.id for number, entry in enumerate(entries)],
            [entry.audio_file for entry in entries],
            [entry.duration or 0.0 for entry in entries],
            [entry.text for entry in entries],
            [entry.offset for entry in entries],
            [entry.speaker for entry in entries],
            [entry.orig_sample_rate for entry in entries],
            [entry.token_labels for entry in entries],
            [entry.lang for entry in entries],
            parser,
            **options,
        )


class SpeechLabel(_Limited):
    """Recordings with labels.

    `uniq_labels` lists the labels that remain, sorted.

    Args:
        audio_files: paths.
        durations: seconds.
        labels: of each.
        offsets: seconds from the beginning of the file.
        min_duration: leave out shorter ones, in seconds.
        max_duration: leave out longer ones.
        max_number: keep so many.
        do_sort_by_size: shortest first.
        index_by_file_id: fill `mapping`.
    """

    def __init__(
        self,
        audio_files: Sequence[str | list[str]],
        durations: Sequence[float],
        labels: Sequence[Any],
        offsets: Sequence[float | None],
        min_duration: float | None = None,
        max_duration: float | None = None,
        max_number: int | None = None,
        do_sort_by_size: bool = False,
        index_by_file_id: bool = False,
    ) -> None:
        entities = map(SpeechLabelEntity, audio_files, durations, labels, offsets)
        super().__init__(entities, min_duration, max_duration, max_number, do_sort_by_size, index_by_file_id)
        self.uniq_labels = sorted({entity.label for entity in self})


class ASRSpeechLabel(SpeechLabel):
    """Recordings of manifests with their `label` or `command`.

    Args:
        manifests_files: a manifest, several with commas between, or a list.
        is_regression_task: labels are numbers.
        cal_labels_occurrence: count the labels, in `labels_occurrence`.
        delimiter: what stands between several labels of one recording, which `uniq_labels` lists singly.
        **options: `min_duration` and all that follows it in :class:`SpeechLabel`.

    Raises:
        ManifestError: a manifest cannot be read, or a line has no label; names file and line.
    """

    def __init__(
        self,
        manifests_files: ManifestPaths,
        is_regression_task: bool = False,
        cal_labels_occurrence: bool = False,
        delimiter: str | None = None,
        **options: Any,
    ) -> None:
        entries = read_manifest(manifests_files)
        labels = [entry.command if entry.label is None else entry.label for entry in entries]
        for number, (entry, label) in enumerate(zip(entries, labels, strict=True)):
            if label is None:
                raise ManifestError(f'{entry.place} has no "label". Expected "label" or "command"; write one.')
            if is_regression_task:
                try:
                    labels[number] = float(label)
                except (TypeError, ValueError) as error:
                    raise ManifestError(f'{entry.place}: "label" is {label!r}. Expected a number; mend it.') from error
        super().__init__(
            [entry.audio_file for entry in entries],
            [entry.duration or 0.0 for entry in entries],
            labels,
            [entry.offset for entry in entries],
            **options,
        )
        single = [part for entity in self for part in _parts(entity.label, delimiter)]
        self.uniq_labels = sorted(set(single))
        self.labels_occurrence = Counter(single) if cal_labels_occurrence else Counter()


def _parts(label: Any, delimiter: str | None) -> list[Any]:
    return label.split(delimiter) if delimiter is not None and isinstance(label, str) else [label]
