"""The recordings that a user hands over, each as something that can be loaded when its turn comes."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from nemo.collections.common.audio.io import audio_duration, load_audio, select_channels
from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.data.manifest import ManifestEntry, read_manifest
from nemo.collections.common.exceptions import AudioFileError
from nemo.utils.exceptions import ConfigError, ShapeError

LARGE_FILE_BYTES = 2**21
"""A minute of 16-bit samples; half an hour of some compressed formats."""
MANIFEST_SUFFIXES = (".json", ".jsonl")


@dataclass
class AudioSource:
    """One recording, not loaded yet."""

    name: str
    """For messages: its path, or its place in the list."""
    size: float
    """Estimate of its length in seconds, good for ordering only."""
    load: Callable[[], np.ndarray]
    """Gives float32 samples [T] at the model's rate; raises a ValueError or OSError that names the recording."""
    entry: ManifestEntry | None = None
    """Its line, where it comes from a manifest."""


def audio_sources(
    audio: Any, sample_rate: int, channel_selector: Any = None, augmentor: Any = None
) -> list[AudioSource]:
    """The recordings of `audio`.

    Args:
        audio: a path; the path of a manifest; a numpy array or tensor; or a sequence of paths, arrays and tensors.
        sample_rate: in Hz; files are resampled to it, arrays are taken to have it.
        channel_selector: passed on to loading.
        augmentor: changes each recording after it is loaded.

    Raises:
        ConfigError: something that is none of these.
    """
    options = _Options(sample_rate, channel_selector, augmentor)
    if isinstance(audio, (str, os.PathLike)):
        path = os.fspath(audio)
        return _manifest_sources(path, options) if path.endswith(MANIFEST_SUFFIXES) else [_source(path, 0, options)]
    if isinstance(audio, (np.ndarray, torch.Tensor)):
        return [_source(audio, 0, options)]
    if isinstance(audio, Sequence):
        return [_source(item, index, options) for index, item in enumerate(audio)]
    raise ConfigError(
        f"transcribe() got audio of type {type(audio).__name__}; it expects a path, a numpy array or tensor, a list of "
        "such, the path of a manifest (.json, .jsonl), or a DataLoader."
    )


@dataclass
class _Options:
    sample_rate: int
    channel_selector: Any
    augmentor: Any


def samples_or_error(source: AudioSource) -> np.ndarray | Exception:
    """The samples, or why there are none: one bad recording must not end the others."""
    try:
        return source.load()
    except (ValueError, OSError) as error:
        return error


def _source(item: Any, index: int, options: _Options) -> AudioSource:
    if isinstance(item, (str, os.PathLike)):
        path = os.fspath(item)
        size = _estimated_seconds(path, options.sample_rate)
        return AudioSource(path, size, functools.partial(_load_file, path, 0.0, None, options))
    if isinstance(item, (np.ndarray, torch.Tensor)):
        name = f"audio[{index}]"
        size = item.shape[0] if item.ndim else 0
        seconds = size / options.sample_rate
        return AudioSource(name, seconds, functools.partial(_from_array, item, name, options))
    raise ConfigError(
        f"transcribe() got audio[{index}] of type {type(item).__name__}; it expects a path, a numpy array or a tensor."
    )


def _estimated_seconds(path: str, sample_rate: int) -> float:
    """Of small files from their bytes, as if they were 16-bit samples: a header costs an opened file."""
    size = os.path.getsize(path) if os.path.isfile(path) else 0
    if size > LARGE_FILE_BYTES:
        with contextlib.suppress(AudioFileError):  # which is reported when its turn comes
            return audio_duration(path)
    return size / (2 * sample_rate)


def _manifest_sources(path: str, options: _Options) -> list[AudioSource]:
    sources = []
    for entry in read_manifest(path, require_duration=False):
        if not isinstance(entry.audio_file, str):
            raise ConfigError(
                f"{entry.place} names {len(entry.audio_file)} files for one recording; transcribe() takes one file for "
                "each line."
            )
        load = functools.partial(_load_file, entry.audio_file, entry.offset, entry.duration, options)
        sources.append(AudioSource(entry.audio_file, entry.duration or 0.0, load, entry))
    return sources


def _load_file(path: str, offset: float, duration: float | None, options: _Options) -> np.ndarray:
    samples = load_audio(path, options.sample_rate, offset, duration, options.channel_selector)
    return _finished(samples, path, options)


def _from_array(item: np.ndarray | torch.Tensor, name: str, options: _Options) -> np.ndarray:
    samples = float_samples(item, name)
    return _finished(select_channels(samples, options.channel_selector, name), name, options)


def float_samples(item: np.ndarray | torch.Tensor, name: str) -> np.ndarray:
    """Samples [T] or [T, C] as float32 between -1 and 1; integers are divided by the largest of their type.

    Raises:
        ConfigError: no array and no tensor.
        ShapeError: another number of dimensions.
        AudioFileError: what is no number, NaN or infinite samples.
    """
    if not isinstance(item, torch.Tensor | np.ndarray):
        raise ConfigError(f"{name} is of type {type(item).__name__}. Expected a numpy array or a tensor of samples.")
    if isinstance(item, torch.Tensor):
        item = item.detach().cpu()
        samples = (item.float() if item.is_floating_point() else item).numpy()  # numpy has no bfloat16
    else:
        samples = item
    if samples.ndim not in (1, 2):
        raise ShapeError(f"{name} has the shape {list(samples.shape)}. Expected samples [T], or [T, C] of C channels.")
    if samples.dtype.kind not in "iuf":
        raise AudioFileError(
            f"{name} is of type {samples.dtype}. Expected samples: floats between -1 and 1, or integers; convert them."
        )
    if samples.dtype.kind == "u":  # silence is in the middle, as in 8-bit WAV files
        middle = float(np.iinfo(samples.dtype).max // 2 + 1)
        samples = (samples.astype(np.float32) - middle) / middle
    elif samples.dtype.kind == "i":
        samples = samples.astype(np.float32) / (float(np.iinfo(samples.dtype).max) + 1)
    samples = samples.astype(np.float32, copy=False)
    if not np.isfinite(samples).all():
        raise AudioFileError(f"{name} holds samples that are NaN or infinite. Expected numbers between -1 and 1.")
    return samples


def _finished(samples: np.ndarray, name: str, options: _Options) -> np.ndarray:
    """One channel, and changed by the augmentor if there is one."""
    if samples.ndim != 1:
        raise AudioFileError(
            f"{name} has {samples.shape[1]} channels; the model takes one. Pass channel_selector=0 (or another), or "
            'channel_selector="average".'
        )
    if samples.size == 0:
        raise AudioFileError(f"{name} has no samples. Expected a recording; make it again, or leave it out.")
    if options.augmentor is None:
        return samples
    segment = AudioSegment(samples, options.sample_rate)
    options.augmentor.perturb(segment)
    return segment.samples
