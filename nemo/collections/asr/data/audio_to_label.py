"""Recordings and what they are labelled with, from a manifest: one class, one number, or a class for each frame.

manifest -> entries within the limits -> (samples [T], target) -> batch of padded audio [B, T] and targets
B batch, T samples, S labelled frames of the longest recording.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from nemo.collections.asr.data.padding import padded, repeat_signal  # noqa: F401 - the latter's old place
from nemo.collections.asr.data.recordings import RecordingDataset, Sample
from nemo.collections.asr.data.tarred import TarredAudioToText, expand_sharded_manifests
from nemo.collections.asr.data.text_collection import TextCollection
from nemo.collections.common.audio.io import ChannelSelector
from nemo.collections.common.audio.waveform_featurizer import WaveformFeaturizer
from nemo.collections.common.data.manifest import ManifestEntry, ManifestPaths, read_manifest
from nemo.collections.common.data.tar_shards import ShardPaths
from nemo.collections.common.exceptions import ManifestError
from nemo.core.neural_types.elements import AudioSignal, LabelsType, LengthsType, RegressionValuesType
from nemo.core.neural_types.neural_type import NeuralType
from nemo.utils.spelling import nearest

logger = logging.getLogger(__name__)


class _LabelledAudioDataset(RecordingDataset):
    """Recordings with targets; the kinds below say how an entry of a manifest becomes a target.

    A sample is (audio [T], its length, target [S], its length).

    Args:
        manifest_filepath: a manifest, several with commas between, or a list.
        labels: the model's classes; None for those of the manifest, sorted.
        featurizer: reads the recordings.
        max_duration: leave out longer recordings, in seconds.
        min_duration: leave out shorter ones.
        max_utts: keep this many at most; 0 for all.
        trim: cut silence from both ends.
        delimiter: what stands between the labels of a recording's frames; None for white space.
        is_regression_task: labels are numbers.
        channel_selector: channels to use; see :func:`~nemo.collections.common.audio.io.load_audio`.
        normalize_db: loudness that every recording gets, in dB; None leaves it.
        on_bad_audio: what to do about a recording that cannot be read: raise, skip or replace.
        skip_bad_lines: leave faulty lines of the manifest out, with a warning that counts them.
    """

    def __init__(
        self,
        manifest_filepath: ManifestPaths,
        labels: Sequence[str] | None,
        featurizer: WaveformFeaturizer,
        max_duration: float | None = None,
        min_duration: float | None = None,
        max_utts: int = 0,
        trim: bool = False,
        delimiter: str | None = None,
        is_regression_task: bool = False,
        channel_selector: ChannelSelector = None,
        normalize_db: float | None = None,
        on_bad_audio: str = "raise",
        skip_bad_lines: bool = False,
    ) -> None:
        super().__init__(featurizer, trim, channel_selector, on_bad_audio, normalize_db)
        self.delimiter = delimiter
        self.is_regression_task = is_regression_task
        if is_regression_task:
            labels = []
        elif labels is None:
            entries = read_manifest(manifest_filepath, skip_bad_lines=skip_bad_lines)
            labels = sorted({label for entry in entries for label in self._labels_of(entry)})
        self.labels = [str(label) for label in labels]
        self.label2id = {label: index for index, label in enumerate(self.labels)}
        self.id2label = dict(enumerate(self.labels))
        self.collection = TextCollection(
            manifest_filepath,
            self._number if is_regression_task else self._ids,
            max_duration,
            min_duration,
            max_utts,
            skip_bad_lines,
            dtype=np.float32 if is_regression_task else np.int64,
        )

    @property
    def num_classes(self) -> int:
        """V; 1 for numbers."""
        return 1 if self.is_regression_task else len(self.labels)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        target = RegressionValuesType() if self.is_regression_task else LabelsType()
        axes = ("B", "T") if self._has_frames else ("B",)
        return {
            "audio_signal": NeuralType(("B", "T"), AudioSignal()),
            "a_sig_length": NeuralType(("B",), LengthsType()),
            "label": NeuralType(axes, target),
            "label_length": NeuralType(("B",), LengthsType()),
        }

    _has_frames = False
    """Whether a recording has a label for each frame."""

    def label_counts(self) -> Counter[int]:
        """How often each class comes."""
        return Counter(label for index in range(len(self)) for label in self.collection.tokens(index).tolist())

    def _sample(self, index: int, audio: torch.Tensor) -> Sample:
        target = torch.from_numpy(self.collection.tokens(index))
        return audio, torch.tensor(audio.shape[0]), target, torch.tensor(target.shape[0])

    def _collate_fn(self, batch: list[Sample | None]) -> tuple[torch.Tensor, ...]:
        """Pads a batch: audio with zeros, labels of frames with the first class."""
        audio, audio_lengths, targets, target_lengths = zip(*self.bad_audio.usable(batch), strict=True)
        together = padded(targets) if self._has_frames else torch.cat(targets)
        return padded(audio), torch.stack(audio_lengths), together, torch.stack(target_lengths)

    def _labels_of(self, entry: ManifestEntry) -> list[str]:
        """The labels of an entry as they are written."""
        label = _label(entry)
        if not self._has_frames:
            return [str(label)]
        if isinstance(label, list):
            return [str(each) for each in label]
        return [part.strip() for part in str(label).split(self.delimiter) if part.strip()]

    def _ids(self, entry: ManifestEntry) -> list[int]:
        ids = []
        for label in self._labels_of(entry):
            if label not in self.label2id:
                meant = nearest(label, self.labels)
                raise ManifestError(
                    f"{entry.place}: the label {label!r} is none of the {len(self.labels)} classes of the model "
                    f"({', '.join(self.labels[:8])}{' ...' if len(self.labels) > 8 else ''}). "
                    f"{f'Write {meant!r}' if meant else 'Mend it, leave the line out'}, or give other `labels`."
                )
            ids.append(self.label2id[label])
        return ids

    def _number(self, entry: ManifestEntry) -> list[float]:
        label = _label(entry)
        try:
            return [float(label)]
        except (TypeError, ValueError) as error:
            raise ManifestError(f'{entry.place}: "label" is {label!r}. Expected a number; mend it.') from error


class AudioToClassificationLabelDataset(_LabelledAudioDataset):
    """Recordings with one class each, `label` or `command` in the manifest; or one number each.

    Batches are (audio [B, T], lengths [B], targets [B], ones [B]). The arguments are those of the base class.
    """


class AudioToMultiLabelDataset(_LabelledAudioDataset):
    """Recordings with a class for each frame of a fixed length: ``"label": "0 0 1 1"``, or a list.

    Batches are (audio [B, T], lengths [B], targets [B, S], numbers of frames [B]). The arguments are those of the base
    class.
    """

    _has_frames = True


class TarredAudioToClassificationLabelDataset(TarredAudioToText):
    """A stream of recordings from tar files, with one class each.

    Args:
        audio_tar_filepaths: the tar files; ``audio__OP_0..511_CL_.tar`` stands for 512 of them.
        manifest_filepath: the manifest that was written with them.
        labels: the model's classes.
        featurizer: reads the recordings.
        shuffle_n: mix the tar files, and their members through a buffer of this size; 0 keeps the order.
        shard_strategy: scatter or replicate; see :class:`TarredAudioToText`.
        shard_manifests: `manifest_filepath` is a pattern as well, of one manifest for each tar file.
        global_rank: which of several processes this is.
        world_size: number of processes; where it is 0 or 1, torch.distributed is asked.
        **options: all others of :class:`AudioToClassificationLabelDataset`.
    """

    kind: type[_LabelledAudioDataset] = AudioToClassificationLabelDataset
    """What reads a member."""

    def __init__(
        self,
        audio_tar_filepaths: ShardPaths,
        manifest_filepath: ManifestPaths,
        labels: Sequence[str] | None,
        featurizer: WaveformFeaturizer,
        *,
        shuffle_n: int = 0,
        shard_strategy: str = "scatter",
        shard_manifests: bool = False,
        global_rank: int = 0,
        world_size: int = 0,
        **options: Any,
    ) -> None:
        manifests = expand_sharded_manifests(manifest_filepath, shard_manifests)
        self.labelled = self.kind(manifests, labels, featurizer, **options)
        super().__init__(self.labelled, audio_tar_filepaths, shuffle_n, shard_strategy, global_rank, world_size)

    @property
    def labels(self) -> list[str]:
        """The classes."""
        return self.labelled.labels

    def label_counts(self) -> Counter[int]:
        """How often each class comes."""
        return self.labelled.label_counts()


class TarredAudioToMultiLabelDataset(TarredAudioToClassificationLabelDataset):
    """A stream of recordings from tar files, with a class for each frame."""

    kind = AudioToMultiLabelDataset


def _label(entry: ManifestEntry) -> Any:
    label = entry.command if entry.label is None else entry.label
    if label is None:
        raise ManifestError(f'{entry.place} has no "label". Expected "label" or "command"; write one.')
    return label
