"""From recordings to transcripts with a trained model.

what the user has -> sources, longest first -> batches (the next one is read while this one is computed) -> hypotheses,
in the order of the input; recordings too long for one pass go by themselves, in chunks (long_audio.py)

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

from nemo.collections.asr.decoding.hypothesis import Hypothesis, NBestHypotheses
from nemo.collections.asr.decoding.timestamps import add_seconds
from nemo.collections.asr.inference.audio_sources import AudioSource, audio_sources, samples_or_error
from nemo.collections.asr.inference.long_audio import LongAudio
from nemo.collections.asr.inference.transcribe_config import TranscribeConfig
from nemo.collections.common.audio.perturb.augmentor import process_augmentations
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

Batch = list[tuple[int, AudioSource]]
"""Sources with their place in the input."""

ALONE_SECONDS = 600.0
"""A longer recording is read by itself: an hour at 16 kHz is 230 MB."""


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
        config: what is asked for; None: defaults.

    Raises:
        ConfigError: a setting that is not possible.
    """

    def __init__(self, model: Any, config: TranscribeConfig | None = None) -> None:
        self.config = config or TranscribeConfig()
        self.config.check()
        self.model = model
        self.keep_log_probs = self.config.return_hypotheses or self.config.logprobs
        augmentor = self.config.augmentor
        self.augmentor = process_augmentations(augmentor) if isinstance(augmentor, Mapping | DictConfig) else augmentor
        self.long_audio = LongAudio(model, self.config.batch_size, self.config.max_seconds, self.config.overlap_seconds)

    def run(self, audio: Any) -> list[Any]:
        """Transcribes `audio`.

        Args:
            audio: a path, a numpy array or tensor of samples at the model's rate, a list of such, the path of a
                manifest (``.json`` or ``.jsonl``), or a DataLoader whose batches begin with signals [B, T] and lengths.

        Returns:
            One :class:`Hypothesis` (a ``str``) for each recording, in the order of the input; arrays with `logprobs`.
        """
        config = self.config
        decoding = self.model.decoding_for(timestamps=config.timestamps, keep_log_probs=self.keep_log_probs)
        if config.logprobs and not hasattr(decoding, "ctc_decoder_predictions_tensor"):
            raise ConfigError(
                f"transcribe(logprobs=True) asks a {type(self.model).__name__} for log-probabilities of frames, which "
                "only CTC has. Leave it out; hybrids have them after change_decoding_strategy(decoder_type='ctc')."
            )
        with inference_state(self.model):
            if isinstance(audio, DataLoader):
                hypotheses = self._run_loader(audio, decoding)
            else:
                sources = audio_sources(audio, self.model.sample_rate, config.channel_selector, self.augmentor)
                hypotheses = self._run_sources(sources, decoding)
        _report_failures(hypotheses)
        return [_log_probs(hypothesis) for hypothesis in hypotheses] if config.logprobs else hypotheses

    def _run_sources(self, sources: Sequence[AudioSource], decoding: Any) -> list[Hypothesis]:
        order = sorted(range(len(sources)), key=lambda index: -sources[index].size)
        batches = _batches([(index, sources[index]) for index in order], self.config.batch_size)
        results: dict[int, Hypothesis] = {}
        threads = max(1, self.config.num_workers or 0)
        hides_progress = not self.config.verbose
        with tqdm(total=len(sources), desc="Transcribing", unit="file", disable=hides_progress) as progress:
            for batch, loaded in _read_ahead(batches, threads):
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
                good.append((index, torch.from_numpy(samples)))
        hypotheses = self._transcribe_signals([signal for _, signal in good], decoding)
        yield from zip((index for index, _ in good), hypotheses, strict=True)

    def _run_loader(self, loader: DataLoader[Any], decoding: Any) -> list[Hypothesis]:
        hypotheses: list[Hypothesis] = []
        for batch in tqdm(loader, desc="Transcribing", unit="batch", disable=not self.config.verbose):
            signals = [signal[:length] for signal, length in zip(batch[0], batch[1].tolist(), strict=True)]
            hypotheses += self._transcribe_signals(signals, decoding)
        return hypotheses

    def _transcribe_signals(self, signals: Sequence[Tensor], decoding: Any) -> list[Hypothesis]:
        """Hypotheses of signals [T] of any lengths, in their order: the short ones together, each long one alone."""
        results: dict[int, Hypothesis] = {}
        short = []
        for index, signal in enumerate(signals):
            if self.long_audio.is_long(len(signal)):
                results[index] = self.long_audio.transcribe(signal.to(self.model.device), decoding)
            else:
                short.append(index)
        together = self.long_audio.most_together(max((len(signals[index]) for index in short), default=0))
        for first in range(0, len(short), together):
            rows = short[first : first + together]
            batch, lengths = _padded([signals[row] for row in rows])
            batch, lengths = batch.to(self.model.device), lengths.to(self.model.device)
            results.update(zip(rows, self.model.transcribe_batch(batch, lengths, decoding), strict=True))
        for index, signal in enumerate(signals):
            for hypothesis in _each(results[index]):
                hypothesis.duration = len(signal) / self.model.sample_rate
                if isinstance(hypothesis.timestep, dict):
                    add_seconds(hypothesis.timestep, self.model.frame_seconds, hypothesis.duration)
        return [results[index] for index in range(len(signals))]


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


def _batches(pairs: Sequence[tuple[int, AudioSource]], batch_size: int) -> list[Batch]:
    """Batches of neighbours in order of length; what is very long is alone, so that little of it is in memory."""
    batches: list[Batch] = []
    for pair in pairs:
        is_alone = pair[1].size > ALONE_SECONDS
        if not batches or is_alone or len(batches[-1]) == batch_size or batches[-1][0][1].size > ALONE_SECONDS:
            batches.append([])
        batches[-1].append(pair)
    return batches


def _read_ahead(batches: Iterable[Batch], threads: int) -> Iterator[tuple[Batch, list[np.ndarray | Exception]]]:
    """Each batch with its samples; the files of the next batch are read meanwhile."""
    with ThreadPoolExecutor(threads, thread_name_prefix="read-audio") as pool:
        waiting: tuple[Batch, list[Future[np.ndarray | Exception]]] | None = None
        for batch in [*batches, None]:
            coming = None if batch is None else (batch, [pool.submit(samples_or_error, source) for _, source in batch])
            if waiting is not None:
                yield waiting[0], [future.result() for future in waiting[1]]
            waiting = coming


def _each(result: Hypothesis | NBestHypotheses | list[Hypothesis]) -> Sequence[Hypothesis]:
    """The hypotheses of one recording: one, or those of a beam."""
    if isinstance(result, Hypothesis):
        return [result]
    return result.n_best_hypotheses if isinstance(result, NBestHypotheses) else result


def _padded(signals: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Signals of several lengths as [B, T] with zeros at the end, and the lengths [B]."""
    lengths = torch.tensor([len(signal) for signal in signals])
    return torch.nn.utils.rnn.pad_sequence(list(signals), batch_first=True), lengths


def _failed(source: AudioSource, error: Exception) -> Hypothesis:
    hypothesis = Hypothesis(score=float("-inf"), y_sequence=torch.zeros(0, dtype=torch.long), text="")
    hypothesis.error = str(error)
    logger.error("%s was not transcribed: %s", source.name, error)
    return hypothesis


def _report_failures(hypotheses: Sequence[Hypothesis]) -> None:
    failed = sum(isinstance(hypothesis, Hypothesis) and hypothesis.error is not None for hypothesis in hypotheses)
    if failed:
        logger.error("%d of %d recordings were not transcribed; their .error says why", failed, len(hypotheses))


def _log_probs(hypothesis: Hypothesis) -> np.ndarray:
    """Log-probabilities [S, V + 1] of one utterance; empty if it could not be read."""
    if hypothesis.alignments is None:
        return np.zeros((0, 0), dtype=np.float32)
    return hypothesis.alignments[0].float().numpy()
