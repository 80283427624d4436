"""Recordings that a manifest lists, by number; what stands beside each, a text or a label, is its datasets' matter."""

from __future__ import annotations

from typing import Any

import torch

from nemo.collections.common.audio.bad_audio import BadAudioPolicy
from nemo.collections.common.audio.io import AudioSource, ChannelSelector
from nemo.collections.common.audio.waveform_featurizer import WaveformFeaturizer
from nemo.collections.common.data.manifest import ManifestEntry
from nemo.collections.common.exceptions import AudioFileError
from nemo.core.classes.dataset import Dataset

Sample = tuple[torch.Tensor, ...]
"""Audio [T], its length, and what belongs to it."""


class RecordingDataset(Dataset):
    """Base of datasets of recordings; a kind of them sets `collection` and says what belongs to a recording.

    Args:
        featurizer: reads and augments the recordings.
        trim: cut silence from both ends.
        channel_selector: channels to use; see :func:`~nemo.collections.common.audio.io.load_audio`.
        on_bad_audio: what to do about a recording that cannot be read: raise, skip or replace.
        normalize_db: loudness that every recording gets, in dB; None leaves it.
    """

    collection: Any
    """The entries of the manifest, by number."""

    def __init__(
        self,
        featurizer: WaveformFeaturizer,
        trim: bool,
        channel_selector: ChannelSelector,
        on_bad_audio: str,
        normalize_db: float | None = None,
    ) -> None:
        self.bad_audio = BadAudioPolicy(on_bad_audio)
        self.featurizer = featurizer
        self.trim = trim
        self.channel_selector = channel_selector
        self.normalize_db = normalize_db

    def __len__(self) -> int:
        return len(self.collection)

    def __getitem__(self, index: int) -> Sample | None:
        """One sample; None where its recording cannot be read and `on_bad_audio` is skip.

        Raises:
            AudioFileError: its recording cannot be read; names the file and the line of the manifest.
        """
        others = ((index + step) % len(self) for step in range(1, len(self)))
        return self.bad_audio.read(index, others, self.read)

    def read(self, index: int, source: AudioSource | None = None, seed: int | None = None) -> Sample:
        """One sample, wherever its recording is.

        Args:
            index: number of the sample; it may carry a seed.
            source: the recording; None for that which the manifest names.
            seed: for the augmentation; None for that of `index`.

        Raises:
            AudioFileError: the recording cannot be read; names the file and the line of the manifest.
        """
        if self.featurizer.augmentor is not None:
            self.featurizer.augmentor.reseed(getattr(index, "seed", None) if seed is None else seed)
        entry = self.collection[index]
        return self._sample(index, self._audio(entry, entry.audio_file if source is None else source))

    def _sample(self, index: int, audio: torch.Tensor) -> Sample:
        """The audio [T] of an entry with what belongs to it."""
        raise NotImplementedError

    def describe_sample(self, sample_id: int) -> str:
        """The recording of a sample and its line in the manifest, for messages."""
        entry = self.collection[sample_id]
        return f"{entry.audio_file} ({entry.place})"

    def _audio(self, entry: ManifestEntry, source: AudioSource | list[str]) -> torch.Tensor:
        try:
            audio = self.featurizer.process(
                source,
                offset=entry.offset,
                duration=entry.duration or 0.0,
                trim=self.trim,
                orig_sr=entry.orig_sample_rate,
                channel_selector=self.channel_selector,
                normalize_db=self.normalize_db,
            )
        except AudioFileError as error:
            raise AudioFileError(f"{entry.place}: {error}") from error
        if audio.ndim != 1:
            raise AudioFileError(
                f"{entry.place}: {source} has {audio.shape[1]} channels. Expected one; set "
                'channel_selector to its number, or to "average".'
            )
        return audio
