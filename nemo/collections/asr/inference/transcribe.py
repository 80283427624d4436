"""From recordings to transcripts with a trained model.

what the user has -> sources, longest first -> batches (the next one is read while this one is computed) -> hypotheses,
in the order of the input

A recording that cannot be read is reported, gets an empty transcript with `error`, and the others are done. Nothing is
written to disk, and the model is afterwards as it was.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.timestamps import add_seconds
from nemo.collections.asr.inference.audio_sources import AudioSource, audio_sources
from nemo.collections.common.audio.perturb.augmentor import process_augmentations
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

Batch = list[tuple[int, AudioSource]]
"""Sources with their place in the input."""


class TranscribingModel(Protocol):
    """What a model offers to be transcribed with, besides being an ``nn.Module``."""

    preprocessor: Any

    @property
    def device(self) -> torch.device:
        """Where the model is."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio that the model takes."""

    @property
    def frame_seconds(self) -> float:
        """Seconds of one encoder frame."""

    def decoding_for(self, *, timestamps: bool | None, keep_log_probs: bool) -> Any:
        """The model's decoding, or one that gives more: times, and what the search saw as `alignments`."""

    def transcribe_batch(self, signals: Tensor, lengths: Tensor, decoding: Any) -> list[Hypothesis]:
        """Transcribes signals [B, T] of `lengths` [B] samples."""


class Transcriber:
    """Transcribes recordings with a model.

    Args:
        model: a :class:`TranscribingModel`, such as ``EncDecCTCModel``.
        batch_size: recordings computed together.
        return_hypotheses: keep log-probabilities and labels of every frame in ``hypothesis.alignments``.
        logprobs: return arrays of log-probabilities [S, V + 1] instead of transcripts.
        timestamps: True adds times of characters, words and segments, in frames and seconds; False leaves them out;
            None does as the model's decoding is configured.
        num_workers: threads that read recordings; one works beside the computation in any case.
        channel_selector: which channel of recordings with several: an index, or ``average``; None takes the only one.
        augmentor: changes each recording first, for tests of robustness: an `augmentor` section, or an object with
            ``perturb(segment)``.
        verbose: show a progress bar.
    """

    def __init__(
        self,
        model: Any,
        batch_size: int = 4,
        *,
        return_hypotheses: bool = False,
        logprobs: bool = False,
        timestamps: bool | None = None,
        num_workers: int = 0,
        channel_selector: Any = None,
        augmentor: Any = None,
        verbose: bool = True,
    ) -> None:
        if return_hypotheses and logprobs:
            raise ConfigError("transcribe() can give hypotheses or log-probabilities: set one of the two arguments.")
        if batch_size < 1:
            raise ConfigError(f"batch_size is {batch_size}; it must be at least 1.")
        self.model = model
        self.batch_size = batch_size
        self.logprobs = logprobs
        self.keep_log_probs = return_hypotheses or logprobs
        self.timestamps = timestamps
        self.threads = max(1, num_workers or 0)
        self.channel_selector = channel_selector
        self.augmentor = process_augmentations(augmentor) if isinstance(augmentor, Mapping | DictConfig) else augmentor
        self.verbose = verbose

    def run(self, audio: Any) -> list[Any]:
        """Transcribes `audio`.

        Args:
            audio: a path, a numpy array or tensor of samples at the model's rate, a list of such, the path of a
                manifest (``.json`` or ``.jsonl``), or a DataLoader whose batches begin with signals [B, T] and lengths.

        Returns:
            One :class:`Hypothesis` (a ``str``) for each recording, in the order of the input; arrays with `logprobs`.
        """
        decoding = self.model.decoding_for(timestamps=self.timestamps, keep_log_probs=self.keep_log_probs)
        with inference_state(self.model):
            if isinstance(audio, DataLoader):
                hypotheses = self._run_loader(audio, decoding)
            else:
                sources = audio_sources(audio, self.model.sample_rate, self.channel_selector, self.augmentor)
                hypotheses = self._run_sources(sources, decoding)
        _report_failures(hypotheses)
        return [_log_probs(hypothesis) for hypothesis in hypotheses] if self.logprobs else hypotheses

    def _run_sources(self, sources: Sequence[AudioSource], decoding: Any) -> list[Hypothesis]:
        order = sorted(range(len(sources)), key=lambda index: -sources[index].size)
        pairs = [(index, sources[index]) for index in order]
        batches = [pairs[first : first + self.batch_size] for first in range(0, len(pairs), self.batch_size)]
        results: dict[int, Hypothesis] = {}
        with tqdm(total=len(sources), desc="Transcribing", unit="file", disable=not self.verbose) as progress:
            for batch, loaded in _read_ahead(batches, self.threads):
                results.update(self._transcribe(batch, loaded, decoding))
                progress.update(len(batch))
        return [results[index] for index in range(len(sources))]

    def _transcribe(
        self, batch: Batch, loaded: Sequence[np.ndarray | Exception], decoding: Any
    ) -> Iterator[tuple[int, Hypothesis]]:
        good = []
        for (index, source), samples in zip(batch, loaded, strict=True):
            if isinstance(samples, Exception):
                yield index, _failed(source, samples)
            else:
                good.append((index, samples))
        if good:
            signals, lengths = _padded([samples for _, samples in good])
            hypotheses = self._transcribe_signals(signals, lengths, decoding)
            yield from zip((index for index, _ in good), hypotheses, strict=True)

    def _run_loader(self, loader: DataLoader[Any], decoding: Any) -> list[Hypothesis]:
        hypotheses: list[Hypothesis] = []
        for batch in tqdm(loader, desc="Transcribing", unit="batch", disable=not self.verbose):
            hypotheses += self._transcribe_signals(batch[0], batch[1], decoding)
        return hypotheses

    def _transcribe_signals(self, signals: Tensor, lengths: Tensor, decoding: Any) -> list[Hypothesis]:
        device = self.model.device
        hypotheses: list[Hypothesis] = self.model.transcribe_batch(signals.to(device), lengths.to(device), decoding)
        for hypothesis, length in zip(hypotheses, lengths.tolist(), strict=True):
            if isinstance(hypothesis.timestep, dict):
                add_seconds(hypothesis.timestep, self.model.frame_seconds, length / self.model.sample_rate)
        return hypotheses


@contextlib.contextmanager
def inference_state(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, no gradients, no dither, no padding of features; everything as before afterwards.

    Each module's own mode, whether its parameters are trained, and the random number generators are restored.
    """
    training = {module: module.training for module in model.modules()}
    featurizer = getattr(model.preprocessor, "featurizer", None)
    changed = {name: getattr(featurizer, name) for name in ("dither", "pad_to") if hasattr(featurizer, name)}
    cuda_devices = [model.device] if model.device.type == "cuda" else []
    try:
        model.eval()
        for name in changed:
            setattr(featurizer, name, 0)
        with torch.no_grad(), torch.random.fork_rng(devices=cuda_devices):
            yield
    finally:
        for name, value in changed.items():
            setattr(featurizer, name, value)
        for module, mode in training.items():
            module.training = mode


def _read_ahead(batches: Iterable[Batch], threads: int) -> Iterator[tuple[Batch, list[np.ndarray | Exception]]]:
    """Each batch with its samples; the files of the next batch are read meanwhile."""
    with ThreadPoolExecutor(threads, thread_name_prefix="read-audio") as pool:
        waiting: tuple[Batch, list[Future[np.ndarray | Exception]]] | None = None
        for batch in [*batches, None]:
            coming = None if batch is None else (batch, [pool.submit(_read, source) for _, source in batch])
            if waiting is not None:
                yield waiting[0], [future.result() for future in waiting[1]]
            waiting = coming


def _read(source: AudioSource) -> np.ndarray | Exception:
    """The samples, or why there are none: one bad file must not end the others."""
    try:
        return source.load()
    except (ValueError, OSError) as error:
        return error


def _padded(signals: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Signals of several lengths as [B, T] with zeros at the end, and the lengths [B]."""
    lengths = torch.tensor([len(signal) for signal in signals])
    batch = torch.zeros(len(signals), int(lengths.max()))
    for row, signal in zip(batch, signals, strict=True):
        row[: len(signal)] = torch.from_numpy(signal)
    return batch, lengths


def _failed(source: AudioSource, error: Exception) -> Hypothesis:
    hypothesis = Hypothesis(score=float("-inf"), y_sequence=torch.zeros(0, dtype=torch.long), text="")
    hypothesis.error = str(error)
    logger.error("%s was not transcribed: %s", source.name, error)
    return hypothesis


def _report_failures(hypotheses: Sequence[Hypothesis]) -> None:
    failed = sum(hypothesis.error is not None for hypothesis in hypotheses)
    if failed:
        logger.error("%d of %d recordings were not transcribed; their .error says why", failed, len(hypotheses))


def _log_probs(hypothesis: Hypothesis) -> np.ndarray:
    """Log-probabilities [S, V + 1] of one utterance; empty if it could not be read."""
    if hypothesis.alignments is None:
        return np.zeros((0, 0), dtype=np.float32)
    return hypothesis.alignments[0].float().numpy()
