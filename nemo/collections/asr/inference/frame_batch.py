"""The original's classes for recordings read in overlapping windows; each is a front of `BufferedStream`."""

from __future__ import annotations

from typing import Any

import numpy as np

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference.buffered import BufferedStream
from nemo.collections.common.audio.io import load_audio
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
