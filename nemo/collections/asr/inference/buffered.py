"""Recognition while somebody speaks, with a model that was made for whole recordings: overlapping windows.

audio of any cut -> windows: some audio before, a chunk, some audio after -> the frames of the chunk -> text

Each frame is computed with the audio around it, so the text comes `chunk + right` seconds late, and the audio around
each chunk is computed again and again. Where the model sees no farther than `left` and `right` and does not normalise
over the recording, the result is that of the whole recording; otherwise it nears it as these grow, because frames lack
what lies outside of their window. With `normalize: per_feature` each window is normalised alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.timestamps import add_seconds
from nemo.collections.asr.inference.audio_sources import float_samples
from nemo.collections.asr.inference.stream_decoding import stream_decoding
from nemo.collections.asr.inference.transcribe import inference_state
from nemo.utils.exceptions import ConfigError, ShapeError


class BufferedStream:
    """One stream of audio into any CTC or transducer model; used as `CacheAwareStream` is.

    Args:
        model: the model; it is afterwards as it was.
        chunk_seconds: new audio of each window; all three are rounded up to whole encoder frames.
        left_seconds: audio before it.
        right_seconds: audio after it, for which the text waits.

    Raises:
        ConfigError: no chunk, or a negative context.
    """

    def __init__(
        self, model: Any, chunk_seconds: float = 1.6, left_seconds: float = 4.8, right_seconds: float = 1.6
    ) -> None:
        if chunk_seconds <= 0 or left_seconds < 0 or right_seconds < 0:
            raise ConfigError(
                f"chunk_seconds is {chunk_seconds}, left_seconds {left_seconds}, right_seconds {right_seconds}; "
                "expected a chunk above 0 and contexts of at least 0 seconds."
            )
        self._model = model
        self._frame = round(model.frame_seconds * model.sample_rate)
        self._chunk, self._left, self._right = (
            -(-round(seconds * model.sample_rate) // self._frame) * self._frame
            for seconds in (chunk_seconds, left_seconds, right_seconds)
        )
        self._decoding = stream_decoding(model)
        self._state = self._decoding.begin()
        self._kept = torch.zeros(0)
        self._kept_from = 0
        self._position = 0
        self._hypothesis: Hypothesis | None = None

    @property
    def text(self) -> str:
        """What was understood so far; what is once there stays."""
        return self._decoding.text(self._state)

    @property
    def _samples(self) -> int:
        return self._kept_from + self._kept.shape[0]

    def feed(self, chunk: np.ndarray | Tensor) -> str:
        """Takes samples [T] at the model's rate, any number of them, and gives the text so far.

        Args:
            chunk: float between -1 and 1, or integers such as int16.

        Raises:
            ConfigError: the stream is finished.
            ShapeError: more than one channel.
        """
        if self._hypothesis is not None:
            raise ConfigError("the stream is finished: it takes no more audio. Make another for the next recording.")
        samples = float_samples(chunk, "the chunk")
        if samples.ndim != 1:
            raise ShapeError(f"the chunk has the shape {list(samples.shape)}; a stream takes one channel, samples [T].")
        self._kept = torch.cat([self._kept, torch.from_numpy(np.ascontiguousarray(samples))])
        while self._samples >= self._position + self._chunk + self._right:
            self._compute(is_last=False)
        return self.text

    def finish(self) -> Hypothesis:
        """Ends the stream and gives the whole result; times in seconds as well where the decoding gives them."""
        if self._hypothesis is not None:
            return self._hypothesis
        while self._position < self._samples:
            self._compute(is_last=self._position + self._chunk >= self._samples)
        self._hypothesis = self._decoding.finish(self._state)
        if isinstance(self._hypothesis.timestep, dict):
            seconds = self._samples / self._model.sample_rate
            add_seconds(self._hypothesis.timestep, self._model.frame_seconds, seconds)
        return self._hypothesis

    def _compute(self, *, is_last: bool) -> None:
        """The chunk at the present position with what surrounds it."""
        begin = max(0, self._position - self._left)
        end = min(self._samples, self._position + self._chunk + self._right)
        window = self._kept[begin - self._kept_from : end - self._kept_from][None].to(self._model.device)
        with inference_state(self._model):
            features, feature_lengths = self._model.preprocessor(
                input_signal=window, length=torch.tensor([window.shape[1]], device=window.device)
            )
            encoded, lengths = self._model.encoder(audio_signal=features, length=feature_lengths)
            first = (self._position - begin) // self._frame
            last = int(lengths[0]) if is_last else first + self._chunk // self._frame
            middle = encoded[:, :, first:last]
            frames = torch.tensor([middle.shape[2]], device=middle.device)
            self._state = self._decoding.advance([self._state], middle, frames)[0]
        self._position += self._chunk
        self._forget(self._position - self._left)

    def _forget(self, until: int) -> None:
        """Drops samples that no later window has."""
        if until > self._kept_from:
            self._kept = self._kept[until - self._kept_from :].clone()
            self._kept_from = until
