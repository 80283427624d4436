"""Voice activity detection: where in recordings somebody speaks.

    model = EncDecFrameClassificationModel.restore_from("frame_vad.nemo")
    for segment in detect_speech(model, "meeting.wav")[0]:
        print(segment.start, segment.end)

A frame classifier gives a probability for each of its frames; a classifier of whole recordings (MarbleNet) is slid over
the recording in short windows. N frames, T samples, K samples of a window.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.asr.inference.audio_sources import audio_sources, samples_or_error
from nemo.collections.asr.inference.segments import Segment
from nemo.collections.asr.inference.transcribe import inference_state
from nemo.collections.asr.inference.vad_segments import SPEECH, SpeechThresholds, speech_segments
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

SMOOTHINGS = ("mean", "median")


@dataclass
class VADConfig:
    """`vad.parameters` section of the original's configs. Windows and smoothing are for classifiers of recordings."""

    window_length_in_sec: float = 0.63
    """Length of the windows; each speaks for the frame in its middle."""
    shift_length_in_sec: float = 0.01
    """Length of a frame."""
    smoothing: str | None = None
    """mean or median of the windows that overlap a frame; null: only the one around it."""
    overlap: float = 0.875
    """Part that one of these windows shares with the next, from 0 to below 1."""
    batch_size: int = 512
    """Windows computed together."""
    postprocessing: SpeechThresholds = field(default_factory=SpeechThresholds)


class SpeechClassifier(Protocol):
    """What a model offers to find speech with, besides being an ``nn.Module``."""

    labels_frames: bool
    """Whether it gives classes for frames instead of whole recordings."""

    @property
    def labels(self) -> list[str]:
        """Names of the classes."""

    @property
    def device(self) -> torch.device:
        """Where the model is."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio that the model takes."""

    @property
    def frame_seconds(self) -> float:
        """Seconds of one encoder frame."""

    def outputs_of_batch(self, signals: Tensor, lengths: Tensor) -> Sequence[Tensor]:
        """Logits [V], or [N, V] of frames, for each of several signals [B, T] of `lengths` [B] samples."""


def detect_speech(
    model: SpeechClassifier, audio: Any, config: VADConfig | None = None, channel_selector: Any = None
) -> list[list[Segment]]:
    """Finds the segments of speech.

    Args:
        model: a frame classifier, or a classifier of recordings, one of whose labels is speech.
        audio: a path, a numpy array or tensor of samples at the model's rate, a list of such, or the path of a
            manifest.
        config: None: a :class:`VADConfig`.
        channel_selector: which channel of recordings with several: an index, or ``average``.

    Returns:
        The segments of each recording, in order; `nemo.collections.asr.inference.segment_files` writes them. A
        recording that cannot be read is logged and has none.

    Raises:
        ConfigError: values that cannot be, or a model without a label for speech.
    """
    given = config or VADConfig()
    step = frame_seconds(model, given)
    return [
        speech_segments(probabilities, step, given.postprocessing)
        for probabilities in speech_probabilities(model, audio, given, channel_selector)
    ]


def frame_seconds(model: SpeechClassifier, config: VADConfig) -> float:
    """Seconds of a frame of :func:`speech_probabilities`."""
    if model.labels_frames:
        return model.frame_seconds
    return round(config.shift_length_in_sec * model.sample_rate) / model.sample_rate


@torch.no_grad()
def speech_probabilities(
    model: SpeechClassifier, audio: Any, config: VADConfig | None = None, channel_selector: Any = None
) -> list[Tensor]:
    """Probabilities of speech [N] for the frames of each recording; see :func:`detect_speech`."""
    given = config or VADConfig()
    label = _speech_label(model)
    results = []
    with inference_state(cast(nn.Module, model)):
        for source in audio_sources(audio, model.sample_rate, channel_selector):
            samples = samples_or_error(source)
            if isinstance(samples, Exception):
                logger.error("%s was left out: %s", source.name, samples)
                results.append(torch.zeros(0))
                continue
            signal = torch.from_numpy(samples)
            if model.labels_frames:
                signals = signal[None].to(model.device)
                (logits,) = model.outputs_of_batch(signals, torch.tensor([len(signal)], device=model.device))
                results.append(logits.softmax(dim=-1)[:, label].float().cpu())
            else:
                results.append(_of_windows(model, signal, given, label))
    return results


def _of_windows(model: SpeechClassifier, signal: Tensor, config: VADConfig, label: int) -> Tensor:
    """[T] -> [N]."""
    length = round(config.window_length_in_sec * model.sample_rate)
    shift = round(config.shift_length_in_sec * model.sample_rate)
    if not 1 <= shift <= length:
        raise ConfigError(
            f"shift_length_in_sec is {config.shift_length_in_sec} and window_length_in_sec "
            f"{config.window_length_in_sec}. Expected a shift above 0 and not above the window; mend one."
        )
    probabilities = []
    for batch in windows(signal, length, shift).split(config.batch_size):
        lengths = torch.full((len(batch),), length, device=model.device)
        logits = torch.stack(list(model.outputs_of_batch(batch.to(model.device), lengths)))
        probabilities.append(logits.softmax(dim=-1)[:, label].float().cpu())
    together = torch.cat(probabilities)
    if config.smoothing is None:
        return together
    return smoothed(together, max(1, length // shift), config.overlap, config.smoothing)


def windows(signal: Tensor, length: int, shift: int) -> Tensor:
    """Windows [N, K] of a signal [T], one around each frame of `shift` samples; zeros beyond its ends."""
    count = -(-len(signal) // shift)
    before = (length - shift) // 2
    behind = (count - 1) * shift + length - before - len(signal)
    return F.pad(signal, (before, max(0, behind))).unfold(0, length, shift)[:count]


def smoothed(probabilities: Tensor, window: int, overlap: float, method: str) -> Tensor:
    """Combines, for each frame, the probabilities of the windows that overlap it.

    Args:
        probabilities: [N], each of a window around its frame.
        window: frames of a window.
        overlap: part that a window shares with the next that is used.
        method: mean or median.

    Raises:
        ConfigError: an overlap or a method that cannot be.
    """
    if not 0 <= overlap < 1 or method not in SMOOTHINGS:
        raise ConfigError(
            f"smoothing is {method!r} with overlap {overlap}. Expected {' or '.join(SMOOTHINGS)}, and a number from 0 "
            "to below 1."
        )
    half = window // 2
    jump = min(max(1, round(window * (1 - overlap))), half + 1)  # so that every frame is in a window that is used
    used = probabilities[::jump]
    frames = torch.arange(len(probabilities))[:, None]
    first = torch.div(frames - half + jump - 1, jump, rounding_mode="floor")
    numbers = first + torch.arange(2 * half // jump + 1)  # [N, windows]
    is_there = (numbers >= 0) & (numbers < len(used)) & (numbers * jump <= frames + half)
    values = used[numbers.clamp(0, len(used) - 1)].masked_fill(~is_there, torch.nan)
    return values.nanmean(dim=1) if method == "mean" else values.nanquantile(0.5, dim=1)


def _speech_label(model: SpeechClassifier) -> int:
    labels = model.labels
    if SPEECH in labels:
        return labels.index(SPEECH)
    if len(labels) == 2:
        return 1
    raise ConfigError(
        f"the model's labels are {', '.join(labels[:8])}. Expected one named {SPEECH}, or two of which the second is."
    )
