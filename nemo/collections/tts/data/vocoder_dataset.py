"""Pieces of recordings for vocoders, from several weighted sources.

A batch is a dict: `dataset_names` and `audio_filepaths` (lists), `audio` [B, T], `audio_lens` [B].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from nemo.collections.tts.data.audio_segments import random_piece
from nemo.collections.tts.data.feature_processors import FeatureProcessor
from nemo.collections.tts.data.padding import pad_together
from nemo.collections.tts.data.sources import WeightedDataset
from nemo.collections.tts.data.volume import normalize_volume


class VocoderDataset(WeightedDataset):
    """Pieces of recordings; see the head of the file for batches.

    Args:
        dataset_meta: the sources; see :class:`~nemo.collections.tts.data.sources.DatasetMeta`.
        sample_rate: Hz; recordings with another rate are resampled.
        n_samples: of a piece, drawn anew each time; None: whole recordings.
        weighted_sampling_steps_per_epoch: batches of an epoch, drawn by weight; None: every sample once.
        feature_processors: what is done to samples.
        min_duration: seconds; shorter recordings are left out.
        max_duration: seconds; longer ones are.
        trunc_duration: seconds; the rest of a recording is not used.
        volume_norm: make the highest peak of each recording alike.
    """

    def __init__(
        self,
        dataset_meta: Mapping[str, Any],
        sample_rate: int,
        n_samples: int | None = None,
        weighted_sampling_steps_per_epoch: int | None = None,
        feature_processors: Mapping[str, FeatureProcessor] | None = None,
        min_duration: float | None = None,
        max_duration: float | None = None,
        trunc_duration: float | None = None,
        volume_norm: bool = True,
    ) -> None:
        super().__init__(dataset_meta, min_duration, max_duration, weighted_sampling_steps_per_epoch, with_text=False)
        self.sample_rate, self.n_samples, self.volume_norm = sample_rate, n_samples, volume_norm
        self.trunc_samples = None if trunc_duration is None else int(trunc_duration * sample_rate)
        self.feature_processors = list((feature_processors or {}).values())

    def __getitem__(self, index: int) -> dict[str, Any]:
        """One sample.

        Raises:
            AudioFileError: its recording cannot be read; names the line.
        """
        name, utterance = self.samples[index].source, self.samples[index].utterance
        samples = utterance.samples(self.sample_rate)[: self.trunc_samples]
        audio = torch.from_numpy((normalize_volume(samples) if self.volume_norm else samples).astype("float32"))
        if self.n_samples is not None:
            audio = random_piece(audio, self.n_samples, index)
        found = {"dataset_name": name, "audio_filepath": utterance.audio_file, "audio": audio}
        for processor in self.feature_processors:
            processor.process(found)
        return found

    def _collate_fn(self, batch: list[dict[str, Any]]) -> dict[str, Any]:
        audio = [sample["audio"] for sample in batch]
        return {
            "dataset_names": [sample["dataset_name"] for sample in batch],
            "audio_filepaths": [sample["audio_filepath"] for sample in batch],
            "audio": pad_together(audio),
            "audio_lens": torch.tensor([len(item) for item in audio]),
        }
