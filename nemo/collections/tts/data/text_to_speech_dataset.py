"""Recordings with their texts from several weighted sources, with features that config sections describe.

A batch is a dict: `dataset_names` and `audio_filepaths` (lists), `audio` [B, T], `audio_lens` [B], `text` [B, U],
`text_lens` [B], with `speaker_path` `speaker_id` [B], with `align_prior_hop_length` `align_prior_matrix` [B, F, U], and
what the featurizers give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.data.alignment_prior import beta_binomial_prior_distribution
from nemo.collections.tts.data.feature_processors import FeatureProcessor
from nemo.collections.tts.data.featurizers import Featurizer
from nemo.collections.tts.data.padding import pad_together
from nemo.collections.tts.data.sources import WeightedDataset
from nemo.collections.tts.data.supplements import Sample, check_fit
from nemo.collections.tts.data.utterances import encoded, raise_faults, speaker_number
from nemo.collections.tts.data.volume import normalize_volume
from nemo.core.archive.side_files import read_json
from nemo.utils.exceptions import ConfigError


class TextToSpeechDataset(WeightedDataset):
    """Recordings with texts; see the head of the file for batches.

    Args:
        dataset_meta: the sources; see :class:`~nemo.collections.tts.data.sources.DatasetMeta`.
        sample_rate: Hz; recordings with another rate are resampled.
        text_tokenizer: text -> ids; the model gives its own.
        weighted_sampling_steps_per_epoch: batches of an epoch, drawn by weight; None: every sample once.
        speaker_path: JSON that gives each speaker's name a number; samples then have `speaker_id`.
        featurizers: features of each recording, such as
            :class:`~nemo.collections.tts.data.featurizers.PitchFeaturizer`.
        feature_processors: what is done to them, such as
            :class:`~nemo.collections.tts.data.feature_processors.MeanVarianceSpeakerNormalization`.
        align_prior_hop_length: samples of a frame of the model's spectrogram; None for no alignment priors.
        min_duration: seconds; shorter recordings are left out.
        max_duration: seconds; longer ones are.
        volume_norm: make the highest peak of each recording alike.

    Raises:
        ManifestError: a line without text, tokens or a known speaker; names file and line.
        ConfigError: a source or a file of speakers that cannot be used.
    """

    def __init__(
        self,
        dataset_meta: Mapping[str, Any],
        sample_rate: int,
        text_tokenizer: Callable[[str], Sequence[int]],
        weighted_sampling_steps_per_epoch: int | None = None,
        speaker_path: str | None = None,
        featurizers: Mapping[str, Featurizer] | None = None,
        feature_processors: Mapping[str, FeatureProcessor] | None = None,
        align_prior_hop_length: int | None = None,
        min_duration: float | None = 0.1,
        max_duration: float | None = None,
        volume_norm: bool = True,
    ) -> None:
        super().__init__(dataset_meta, min_duration, max_duration, weighted_sampling_steps_per_epoch, with_text=True)
        self.sample_rate, self.volume_norm = sample_rate, volume_norm
        self.text_tokenizer = text_tokenizer
        self.featurizers = list((featurizers or {}).values())
        self.feature_processors = list((feature_processors or {}).values())
        self.align_prior_hop_length = align_prior_hop_length
        self.speakers = None if speaker_path is None else read_speakers(speaker_path)
        faults, self.tokens, self.speaker_ids = [], [], []
        for sample in self.samples:
            try:
                self.tokens.append(torch.tensor(encoded(text_tokenizer, sample.utterance), dtype=torch.long))
                self.speaker_ids.append(speaker_number(sample.utterance, self.speakers) if self.speakers else 0)
            except ManifestError as fault:
                faults.append(str(fault))
        raise_faults(faults)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """One sample.

        Raises:
            AudioFileError: its recording cannot be read, or is too short for its text; names the line.
        """
        name, utterance, meta = (getattr(self.samples[index], key) for key in ("source", "utterance", "meta"))
        samples = utterance.samples(self.sample_rate)
        audio = torch.from_numpy((normalize_volume(samples) if self.volume_norm else samples).astype("float32"))
        tokens = self.tokens[index]
        found = {
            "dataset_name": name,
            "audio_filepath": utterance.audio_file,
            "speaker": utterance.speaker,
            "audio": audio,
            "text": tokens,
        }
        if self.speakers is not None:
            found["speaker_id"] = torch.tensor(self.speaker_ids[index])
        if self.align_prior_hop_length is not None:
            frames = len(audio) // self.align_prior_hop_length + 1
            check_fit(Sample(index, utterance, audio, tokens, frames), self.align_prior_hop_length)
            found["align_prior_matrix"] = torch.from_numpy(beta_binomial_prior_distribution(len(tokens), frames))
        for featurizer in self.featurizers:
            found.update(featurizer.of_utterance(utterance, meta.feature_dir))
        for processor in self.feature_processors:
            processor.process(found)
        return found

    def _collate_fn(self, batch: list[dict[str, Any]]) -> dict[str, Any]:
        def column(name: str) -> list[Any]:
            return [sample[name] for sample in batch]

        found: dict[str, Any] = {
            "dataset_names": column("dataset_name"),
            "audio_filepaths": column("audio_filepath"),
        }
        for name, value in (("audio", 0), ("text", getattr(self.text_tokenizer, "pad", 0))):
            found[name] = pad_together(column(name), value)
            found[f"{name}_lens"] = torch.tensor([len(item) for item in column(name)])
        for name in ("speaker_id", "align_prior_matrix"):
            if name in batch[0]:
                found[name] = pad_together(column(name))
        for featurizer in self.featurizers:
            found.update(featurizer.collate_fn(batch))
        return found

    def check_speakers(self, n_speakers: int) -> None:
        """Refuses voices that a model does not have.

        Raises:
            ConfigError: `speaker_path` is missing, or has a number that is too large.
        """
        if self.speakers is None:
            raise ConfigError(
                f"The model has {n_speakers} voices and the dataset has no speaker_path. Give a JSON file with the "
                'numbers of speakers, such as {"ann": 0, "bob": 1}.'
            )
        for name, number in self.speakers.items():
            if number >= n_speakers:
                raise ConfigError(
                    f"speaker_path gives {name!r} the number {number}, and the model has {n_speakers} voices. Expected "
                    f"0 to {n_speakers - 1}; mend the file, or raise model.n_speakers."
                )


def read_speakers(path: str) -> dict[str, int]:
    """The numbers of speakers' names.

    Raises:
        ConfigError: the file does not exist, or has something else.
    """
    try:
        found = read_json(path)
    except FileNotFoundError as error:
        raise ConfigError(
            f"speaker_path {path} does not exist. Expected JSON such as {{'ann': 0}}; mend it."
        ) from error
    if not isinstance(found, dict) or not all(
        isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in found.values()
    ):
        raise ConfigError(f'speaker_path {path} is no mapping of names to numbers. Expected {{"ann": 0, "bob": 1}}.')
    return found
