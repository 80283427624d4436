"""Classes of recordings: files or arrays in, labels with probabilities out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from nemo.collections.asr.inference.audio_sources import audio_sources, samples_or_error
from nemo.collections.asr.inference.transcribe import inference_state
from nemo.collections.asr.inference.transcribe_config import check_batch_size

logger = logging.getLogger(__name__)


@dataclass
class Classification:
    """What a model says about one recording."""

    label: str
    """The likeliest class."""
    probability: float
    """Of it."""
    probabilities: dict[str, float]
    """Of every class."""
    logits: Tensor = field(repr=False)
    """[V]."""
    error: str | None = None
    """Why the recording could not be read; the label is then empty, and so is all else."""

    def __str__(self) -> str:
        return f"{self.label} ({self.probability:.0%})" if self.error is None else f"error: {self.error}"


def classify(
    model: Any,
    audio: Any,
    batch_size: int = 4,
    channel_selector: Any = None,
    augmentor: Any = None,
    verbose: bool = True,
) -> list[Classification]:
    """Classifies recordings with an ``EncDecClassificationModel``.

    Args:
        model: the model.
        audio: a path, an array or tensor of samples at the model's rate, a list of such, or the path of a manifest.
        batch_size: recordings computed together.
        channel_selector: which channel of recordings with several: an index, or ``average``.
        augmentor: changes each recording first; an object with ``perturb(segment)``.
        verbose: show a progress bar.

    Returns:
        In the order of the input. A recording that cannot be read is logged and has an `error`; the others are done.
    """
    results = []
    for logits in outputs_of_recordings(model, audio, batch_size, channel_selector, augmentor, verbose):
        if isinstance(logits, Exception):
            results.append(Classification("", 0.0, {}, torch.zeros(0), error=str(logits)))
            continue
        probabilities = logits.softmax(dim=-1)
        named = dict(zip(model.labels, probabilities.tolist(), strict=True))
        best = model.labels[int(probabilities.argmax())]
        results.append(Classification(best, named[best], named, logits))
    return results


def outputs_of_recordings(
    model: Any,
    audio: Any,
    batch_size: int = 4,
    channel_selector: Any = None,
    augmentor: Any = None,
    verbose: bool = True,
) -> list[Tensor | Exception]:
    """What the model's `outputs_of_batch` gives for each recording, or why it could not be read.

    Only equally long recordings are computed together: models that pool over time would count padding. The arguments
    are those of :func:`classify`.

    Raises:
        ConfigError: an impossible batch size, or something that is no audio.
    """
    check_batch_size(batch_size)
    sources = audio_sources(audio, model.sample_rate, channel_selector, augmentor)
    waiting: dict[int, list[tuple[int, np.ndarray]]] = {}
    results: dict[int, Tensor | Exception] = {}
    with inference_state(model), tqdm(total=len(sources), unit="file", disable=not verbose) as progress:

        def compute(batch: list[tuple[int, np.ndarray]]) -> None:
            signals = torch.from_numpy(np.stack([samples for _, samples in batch])).to(model.device)
            lengths = torch.full((len(batch),), signals.shape[1], device=model.device)
            outputs = model.outputs_of_batch(signals, lengths)
            results.update((index, row.float().cpu()) for (index, _), row in zip(batch, outputs, strict=True))
            progress.update(len(batch))

        for index, source in enumerate(sources):
            samples = samples_or_error(source)
            if isinstance(samples, Exception):
                logger.error("%s was left out: %s", source.name, samples)
                results[index] = samples
                progress.update()
                continue
            same = waiting.setdefault(len(samples), [])
            same.append((index, samples))
            if len(same) == batch_size:
                compute(waiting.pop(len(samples)))
        for batch in waiting.values():
            compute(batch)
    return [results[index] for index in range(len(sources))]
