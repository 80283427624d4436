"""Utterances of several languages joined to one, for recognition of speech that changes its language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.data.concat import ConcatDataset
from nemo.collections.common.data.keyed_dataset import KeyedDataset, described, generator_of
from nemo.collections.common.data.mixture import shares
from nemo.collections.common.data.resumable_loader import SeededIndex
from nemo.utils.exceptions import ConfigError

if TYPE_CHECKING:
    from nemo.collections.common.audio.perturb.augmentor import AudioAugmentor

_TRIES = 10
"""Draws for an utterance that still fits before a mixture stays as it is."""


@dataclass(frozen=True, slots=True)
class CodeSwitchedKey:
    """The utterance that a mixture begins with, and the seed of all that is drawn for the rest."""

    dataset: int
    index: SeededIndex
    is_monolingual: bool
    seed: int


class CodeSwitchedDataset(KeyedDataset):
    """A stream of utterances joined from several datasets, one for each language.

    Each sample begins with an utterance whose turn it is; others are drawn and added until it is `min_duration` long.
    Ids of the texts are joined as they are.

    Args:
        datasets: datasets of samples by number: (audio [T], its length, ids [U], their number, ...).
        lang_probs: how often each is used; None for all alike.
        shuffle: mix the utterances that samples begin with.
        min_duration: shortest mixture, in seconds.
        max_duration: longest; an utterance that is longer stays alone.
        min_monolingual: part of the samples that are one utterance as it is, 0 to 1.
        db_norm: level that all utterances are brought to, in dB (root mean square).
        pause_start: silence at the beginning, in milliseconds.
        pause_join: silence between two utterances.
        pause_end: silence at the end.
        sampling_scales: length of an epoch, as a multiple of all samples; or one factor for each dataset.
        seed: of the order; None takes the seed of PyTorch's global generator.
        global_rank: which of several processes this is.
        world_size: number of processes; where it is 1, torch.distributed is asked.
        pure_random: draw each language by `lang_probs`; otherwise two utterances in a row never have the same.
        force_monochannel: average channels.
        infinity_mode: begin again at the end of an epoch, for ever.
        sample_rate: of the datasets' audio, in Hz.
        augmentor: changes the joined audio.

    Raises:
        ConfigError: no dataset, one that is empty or only iterable, or numbers that cannot be.
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        lang_probs: Sequence[float] | None = None,
        shuffle: bool = True,
        min_duration: float = 4,
        max_duration: float = 20,
        min_monolingual: float = 0.3,
        db_norm: float = -25.0,
        pause_start: int = 0,
        pause_join: int = 0,
        pause_end: int = 0,
        sampling_scales: float | Sequence[float] | None = None,
        seed: int | None = None,
        global_rank: int = 0,
        world_size: int = 1,
        pure_random: bool = False,
        force_monochannel: bool = True,
        infinity_mode: bool = False,
        sample_rate: int = 16000,
        augmentor: AudioAugmentor | None = None,
    ) -> None:
        super().__init__(seed)
        if not 0 <= min_duration <= max_duration or not 0 <= min_monolingual <= 1:
            raise ConfigError(
                f"min_duration is {min_duration}, max_duration {max_duration} and min_monolingual {min_monolingual}. "
                "Expected 0 <= min_duration <= max_duration, and a part from 0 to 1."
            )
        if any(isinstance(each, KeyedDataset) for each in datasets):
            raise ConfigError("Code switching needs datasets of samples by number, not streams. Unpack the tar files.")
        scales = sampling_scales if isinstance(sampling_scales, Sequence) else [sampling_scales or 1.0] * len(datasets)
        total = sum(len(each) * scale for each, scale in zip(datasets, scales, strict=True))
        self.probabilities = shares([1] * len(datasets), "random", probabilities=lang_probs or [1.0] * len(datasets))
        self._first = ConcatDataset(
            datasets,
            shuffle=shuffle,
            sampling_technique="random",
            sampling_probabilities=self.probabilities,
            sampling_scale=total / max(sum(map(len, datasets)), 1),
            seed=seed,
            global_rank=global_rank,
            world_size=world_size,
        )
        self.datasets = self._first.datasets
        self.min_samples, self.max_samples = round(min_duration * sample_rate), round(max_duration * sample_rate)
        self.min_monolingual, self.db_norm = min_monolingual, db_norm
        self._pauses = [torch.zeros(sample_rate * pause // 1000) for pause in (pause_start, pause_join, pause_end)]
        self.pure_random, self.force_monochannel, self.infinity_mode = pure_random, force_monochannel, infinity_mode
        self.sample_rate, self.augmentor = sample_rate, augmentor

    def process(self) -> tuple[int, int]:
        """The rank and number of processes that were given, or those of torch.distributed."""
        return self._first.process()

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield from super().__iter__()
            if not self.infinity_mode:
                return

    def keys(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[CodeSwitchedKey]:
        """Keys of a process in an epoch."""
        count = self.count(rank, world_size)
        generator = generator_of(seed, epoch, rank)
        monolingual = torch.randperm(count, generator=generator) < round(count * self.min_monolingual)
        for first, alone in zip(self._first.keys(seed, epoch, rank, world_size), monolingual.tolist(), strict=True):
            yield CodeSwitchedKey(first.dataset, first.key, alone, first.key.seed)

    def count(self, rank: int, world_size: int) -> int:
        """Samples of a process in each epoch."""
        return self._first.count(rank, world_size)

    def fetch(self, key: CodeSwitchedKey) -> tuple[torch.Tensor, ...]:
        """Reads and joins the utterances of a key: (audio [T], its length, ids [U], their number)."""
        generator = generator_of(key.seed)
        start, join, end = self._pauses
        audio, ids = self._utterance(key.dataset, key.index)
        pieces, texts, language = [start, audio], [ids], key.dataset
        length = len(start) + len(audio) + len(end)
        while not key.is_monolingual and length < self.min_samples:
            added = self._fitting(language, self.max_samples - length - len(join), generator)
            if added is None:
                break
            language, audio, ids = added
            pieces += [join, audio]
            texts.append(ids)
            length += len(join) + len(audio)
        joined = self._augmented(torch.cat([*pieces, end]), key.seed)
        tokens = torch.cat(texts)
        return joined, torch.tensor(len(joined)), tokens, torch.tensor(len(tokens))

    def describe_sample(self, key: CodeSwitchedKey) -> str:
        """The utterance that a mixture begins with."""
        return f"{described(self.datasets[key.dataset], key.index)} and what was joined to it"

    def _collate_fn(self, batch: list[Any]) -> Any:
        """As the first dataset does it."""
        own = getattr(self.datasets[0], "_collate_fn", None)
        return super()._collate_fn(batch) if own is None else own(batch)

    def _fitting(
        self, last: int, room: int, generator: torch.Generator
    ) -> tuple[int, torch.Tensor, torch.Tensor] | None:
        """An utterance of at most `room` samples after one of the language `last`; None if none was drawn."""
        weights = torch.tensor(self.probabilities)
        if not self.pure_random and len(self.datasets) > 1:
            weights[last] = 0.0
        for _ in range(_TRIES if weights.sum() > 0 else 0):
            language = int(torch.multinomial(weights, 1, generator=generator))
            index = int(torch.randint(len(self.datasets[language]), (), generator=generator))
            own_seed = int(torch.randint(2**62, (), generator=generator))
            audio, ids = self._utterance(language, SeededIndex(index, own_seed))
            if len(audio) <= room:
                return language, audio, ids
        return None

    def _utterance(self, language: int, index: SeededIndex) -> tuple[torch.Tensor, torch.Tensor]:
        audio, length, ids, ids_length = self.datasets[language][index][:4]
        samples = audio[: int(length)].numpy()
        segment = AudioSegment(samples, self.sample_rate, normalize_db=self.db_norm)
        if segment.num_channels > 1 and self.force_monochannel:
            segment._samples = segment._samples.mean(axis=1, dtype=np.float32)
        return torch.from_numpy(segment._samples), ids[: int(ids_length)]

    def _augmented(self, audio: torch.Tensor, seed: int) -> torch.Tensor:
        if self.augmentor is None:
            return audio
        self.augmentor.reseed(seed)
        segment = AudioSegment(audio.numpy(), self.sample_rate)
        self.augmentor.perturb(segment)
        return torch.from_numpy(np.ascontiguousarray(segment._samples))
