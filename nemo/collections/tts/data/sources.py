"""Several sources of voices in one dataset, each with a weight, and samplers that keep to the weights.

    dataset_meta: {lj: {manifest_path: lj/train.json, audio_dir: lj/audio, feature_dir: lj, sample_weight: 2.0}}

Weights are of samples, not of sources: a sample of weight 2 is drawn twice as often as one of weight 1.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nemo.collections.common.data.manifest import get_full_path
from nemo.collections.common.data.process_share import training_share
from nemo.collections.common.data.resumable_loader import EpochSampler, ResumableDataLoader
from nemo.collections.tts.data.utterances import Utterance, chosen, read_utterances
from nemo.core.classes.dataset import Dataset
from nemo.utils.exceptions import ConfigError


@dataclass
class DatasetMeta:
    """One source."""

    manifest_path: str
    audio_dir: str | None = None
    """Relative names of recordings begin here; where it is not given, at the manifest's folder."""
    feature_dir: str | None = None
    """Features lie here, in a folder of each name."""
    sample_weight: float = 1.0


@dataclass(frozen=True)
class SourcedUtterance:
    """An utterance and where it comes from."""

    source: str
    utterance: Utterance
    meta: DatasetMeta


class WeightedDataset(Dataset):
    """Base of datasets of several sources.

    Args:
        dataset_meta: name -> :class:`DatasetMeta` or a mapping with its keys.
        min_duration: seconds; shorter recordings are left out.
        max_duration: seconds; longer ones are.
        weighted_sampling_steps_per_epoch: batches of an epoch, drawn by weight; None: every sample once.
        with_text: whether lines need texts.

    Raises:
        ConfigError: there is no source, or one has a wrong weight.
    """

    def __init__(
        self,
        dataset_meta: Mapping[str, Any],
        min_duration: float | None,
        max_duration: float | None,
        weighted_sampling_steps_per_epoch: int | None,
        *,
        with_text: bool,
    ) -> None:
        super().__init__()
        self.steps_per_epoch = weighted_sampling_steps_per_epoch
        self.samples: list[SourcedUtterance] = []
        for name, section in dataset_meta.items():
            meta = as_meta(name, section)
            found = read_utterances(meta.manifest_path, with_text=with_text)
            if meta.audio_dir is not None:
                for utterance in found:
                    utterance.audio_file = in_folder(utterance.audio_file, meta)
            kept = chosen(found, min_duration, max_duration)
            self.samples += [SourcedUtterance(name, utterance, meta) for utterance in kept]
        if not self.samples:
            raise ConfigError("dataset_meta is empty. Expected a source, such as {lj: {manifest_path: train.json}}.")

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def weights(self) -> Tensor | None:
        """[N] of the samples; None where each comes once in an epoch."""
        if self.steps_per_epoch is None:
            return None
        return torch.tensor([sample.meta.sample_weight for sample in self.samples], dtype=torch.float64)

    def get_sampler(self, batch_size: int) -> WeightedEpochSampler | None:
        """What draws by weight; None where each sample comes once in an epoch."""
        if self.weights is None or self.steps_per_epoch is None:
            return None
        return get_weighted_sampler(self.weights.tolist(), batch_size, self.steps_per_epoch)

    def describe_sample(self, sample_id: int) -> str:
        """The recording of a sample and its line in the manifest, for messages."""
        utterance = self.samples[sample_id].utterance
        return f"{utterance.audio_file} ({utterance.place})"


class WeightedEpochSampler(EpochSampler):
    """Draws samples by weight, with replacement, the same in each run of a seed and epoch.

    Args:
        weights: of the samples.
        num_samples: of an epoch, in all processes together.
        seed: the same in all processes.
    """

    def __init__(self, weights: Sequence[float], num_samples: int, seed: int = 0) -> None:
        super().__init__(range(num_samples), seed)
        self.weights = torch.as_tensor(weights, dtype=torch.float64)

    def _order(self, generator: torch.Generator) -> Tensor:
        return torch.multinomial(self.weights, len(self.data_source), replacement=True, generator=generator)

    def _share(self, skipped: int) -> Tensor:
        return training_share(len(self.data_source), self.place, skipped=skipped, drop_last=True)


def get_weighted_sampler(
    sample_weights: Sequence[float], batch_size: int, num_steps: int, seed: int = 0
) -> WeightedEpochSampler:
    """A sampler of `num_steps` batches an epoch.

    Args:
        sample_weights: of the samples, 0 or more, not all 0.
        batch_size: that of the loader.
        num_steps: batches of an epoch.
        seed: of the order.
    """
    return WeightedEpochSampler(sample_weights, batch_size * num_steps, seed)


def make_weighted_loader(dataset: WeightedDataset, **options: Any) -> ResumableDataLoader:
    """A loader of `weighted_sampling_steps_per_epoch` batches an epoch, drawn by weight; runs go on where they stopped.

    Args:
        dataset: with weights.
        **options: as of :class:`torch.utils.data.DataLoader`.
    """
    batch_size = options.get("batch_size") or 1
    sampler = dataset.get_sampler(batch_size)
    assert sampler is not None  # the caller has asked for the weights
    seed = torch.initial_seed() % 2**62
    sampler.position.seed = seed
    sampler.seed_may_differ = True
    plain = {key: value for key, value in options.items() if key not in ("shuffle", "drop_last")}
    generator = torch.Generator().manual_seed(seed)
    return ResumableDataLoader(dataset, sampler=sampler, generator=generator, **plain)


def as_meta(name: str, section: Any) -> DatasetMeta:
    """A source's section, checked.

    Raises:
        ConfigError: it has no manifest, or a wrong weight; names the source.
    """
    if isinstance(section, DatasetMeta):
        meta = section
    else:
        known = set(DatasetMeta.__dataclass_fields__)
        if not isinstance(section, Mapping) or "manifest_path" not in section or set(section) - known:
            raise ConfigError(
                f"dataset_meta.{name} is {dict(section) if isinstance(section, Mapping) else section!r}. Expected "
                "manifest_path, and audio_dir, feature_dir, sample_weight as needed."
            )
        meta = DatasetMeta(**section)
    if not 0 <= meta.sample_weight < float("inf"):
        raise ConfigError(f"dataset_meta.{name}.sample_weight is {meta.sample_weight}. Expected 0 or more.")
    return meta


def in_folder(audio_file: str, meta: DatasetMeta) -> str:
    """A recording of a manifest, where its name begins at the source's `audio_dir`."""
    folder = Path(meta.manifest_path).parent
    if os.path.exists(audio_file):
        return audio_file
    try:
        relative = Path(audio_file).relative_to(folder)
    except ValueError:
        relative = Path(audio_file)
    return str(get_full_path(str(relative), data_dir=meta.audio_dir))
