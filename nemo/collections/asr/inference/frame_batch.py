"""The original's classes for recordings read in overlapping windows; each is a front of `BufferedStream`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference.buffered import BufferedStream
from nemo.collections.common.audio.io import load_audio
from nemo.collections.common.data.manifest import get_full_path, read_manifest_objects
from nemo.utils.exceptions import ConfigError


class FrameBatchASR:
    """Transcribes one recording by windows.

    Args:
        asr_model: the model.
        frame_len: seconds of new audio in each window.
        total_buffer: seconds of a window.
        batch_size: accepted for users' scripts; a stream computes one window at a time.
        pad_to_buffer_len: accepted for users' scripts; nothing is padded.
    """

    def __init__(
        self,
        asr_model: Any,
        frame_len: float = 1.6,
        total_buffer: float = 4.0,
        batch_size: int = 4,
        pad_to_buffer_len: bool = True,
    ) -> None:
        if total_buffer < frame_len:
            raise ConfigError(f"total_buffer is {total_buffer} s, less than frame_len, {frame_len} s. Set it higher.")
        self.asr_model, self.frame_len, self.total_buffer = asr_model, frame_len, total_buffer
        self._around = (total_buffer - frame_len) / 2
        self._recordings: list[np.ndarray] = []

    def reset(self) -> None:
        """Forgets the recordings."""
        self._recordings = []

    def read_audio_file(self, audio_filepath: Any, delay: float = 0, model_stride_in_secs: float = 0) -> None:
        """Reads a recording, or several from a list; the other arguments are accepted for users' scripts."""
        paths = audio_filepath if isinstance(audio_filepath, (list, tuple)) else [audio_filepath]
        self._recordings += [load_audio(str(path), self.asr_model.sample_rate) for path in paths]

    def transcribe(self, tokens_per_chunk: int | None = None, delay: int | None = None) -> Any:
        """The text of the recording that was read last; the arguments are accepted for users' scripts."""
        if not self._recordings:
            raise ConfigError("there is nothing to transcribe. Call read_audio_file(path) first.")
        return str(self._hypothesis(self._recordings[-1]))

    def _hypothesis(self, samples: np.ndarray) -> Hypothesis:
        stream = BufferedStream(self.asr_model, self.frame_len, self._around, self._around)
        stream.feed(samples)
        return stream.finish()


class BatchedFrameASRRNNT(FrameBatchASR):
    """Transcribes several recordings with a transducer.

    Args:
        asr_model: the model.
        frame_len: seconds of new audio in each window.
        total_buffer: seconds of a window.
        batch_size: accepted for users' scripts.
        max_steps_per_timestep: accepted for users' scripts; the model's decoding says it.
        stateful_decoding: accepted for users' scripts; the search always goes on from window to window.
    """

    def __init__(
        self,
        asr_model: Any,
        frame_len: float = 1.6,
        total_buffer: float = 4.0,
        batch_size: int = 32,
        max_steps_per_timestep: int = 5,
        stateful_decoding: bool = False,
    ) -> None:
        super().__init__(asr_model, frame_len, total_buffer, batch_size)

    def transcribe(self, tokens_per_chunk: int | None = None, delay: int | None = None) -> list[Hypothesis]:
        """The results of all recordings that were read since the last `reset`."""
        return [self._hypothesis(samples) for samples in self._recordings]


class LongestCommonSubsequenceBatchedFrameASRRNNT(BatchedFrameASRRNNT):
    """The same here: windows are joined by their frames, so that there is no text to merge.

    Args:
        asr_model: the model.
        frame_len: seconds of new audio in each window.
        total_buffer: seconds of a window.
        batch_size: accepted for users' scripts.
        max_steps_per_timestep: accepted for users' scripts.
        stateful_decoding: accepted for users' scripts.
        alignment_basepath: accepted for users' scripts.
    """

    def __init__(
        self,
        asr_model: Any,
        frame_len: float = 1.6,
        total_buffer: float = 4.0,
        batch_size: int = 4,
        max_steps_per_timestep: int = 5,
        stateful_decoding: bool = False,
        alignment_basepath: str | None = None,
    ) -> None:
        super().__init__(asr_model, frame_len, total_buffer, batch_size, max_steps_per_timestep, stateful_decoding)


def get_buffered_pred_feat(
    asr: FrameBatchASR,
    frame_len: float,
    tokens_per_chunk: int,
    delay: int,
    preprocessor_cfg: Any,
    model_stride_in_secs: float,
    device: Any,
    manifest: str | None = None,
    filepaths: Sequence[str] | None = None,
) -> list[Hypothesis]:
    """Transcribes recordings by windows.

    Args:
        asr: says the model and the windows.
        frame_len: accepted for users' scripts, as the next four; `asr` says them.
        tokens_per_chunk: see `frame_len`.
        delay: see `frame_len`.
        preprocessor_cfg: see `frame_len`.
        model_stride_in_secs: see `frame_len`.
        device: where the model is; accepted for users' scripts.
        manifest: of the recordings, whole ones, or ...
        filepaths: ... their paths.

    Returns:
        One hypothesis for each, in order.
    """
    found = []
    for path in _paths(manifest, filepaths):
        asr.reset()
        asr.read_audio_file(path, delay, model_stride_in_secs)
        found.append(asr._hypothesis(asr._recordings[-1]))
    return found


def get_buffered_pred_feat_rnnt(
    asr: BatchedFrameASRRNNT,
    tokens_per_chunk: int,
    delay: int,
    model_stride_in_secs: float,
    batch_size: int,
    manifest: str | None = None,
    filepaths: Sequence[str] | None = None,
) -> list[Hypothesis]:
    """Transcribes recordings by windows with a transducer; see :func:`get_buffered_pred_feat`.

    Args:
        asr: says the model and the windows.
        tokens_per_chunk: accepted for users' scripts.
        delay: accepted for users' scripts.
        model_stride_in_secs: accepted for users' scripts.
        batch_size: recordings that are read together.
        manifest: of the recordings, or ...
        filepaths: ... their paths.
    """
    found: list[Hypothesis] = []
    paths = _paths(manifest, filepaths)
    for first in range(0, len(paths), batch_size):
        asr.reset()
        asr.read_audio_file(paths[first : first + batch_size], delay, model_stride_in_secs)
        found += asr.transcribe(tokens_per_chunk, delay)
    return found


def _paths(manifest: str | None, filepaths: Sequence[str] | None) -> list[str]:
    if (manifest is None) == (filepaths is None):
        raise ConfigError(f"manifest is {manifest} and filepaths {filepaths}. Give one of them.")
    if filepaths is not None:
        return list(filepaths)
    return [str(get_full_path(row["audio_filepath"], manifest)) for row in read_manifest_objects(str(manifest))]
