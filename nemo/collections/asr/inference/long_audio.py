"""Long recordings: encoded in overlapping chunks, searched as a whole.

features [1, D, F] -> chunks -> what the search works on, of each chunk -> cut in the overlaps, joined -> one search

Features are computed (and normalised) over the whole recording, and the frames of chunks fall where they fall at once.
So nothing differs but what an encoder sees beyond a cut. Where its context is limited, and fits into the overlap, the
result is that of one piece. Attention over everything sees its chunk: 40 seconds, about what models are trained on.

Models that search with attention over all encoder frames (``EncDecMultiTaskModel``) are given chunks of audio, and the
tokens of two chunks are joined where they agree.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference.chunk_plan import Chunk, plan_chunks
from nemo.collections.asr.inference.encoder_context import encoder_context, features_of_a_frame, features_of_a_unit
from nemo.collections.asr.inference.memory_limit import EncoderMemory, encoder_memory, memory_budget
from nemo.collections.asr.inference.token_joining import join_hypotheses
from nemo.utils.exceptions import ConfigError

ALWAYS_AT_ONCE_SECONDS = 60.0
"""Recordings up to this length are not measured: every encoder takes them, in batches of the size asked for."""
CHUNK_SECONDS = 40.0
OVERLAP_SECONDS = 8.0
"""Of chunks of encoders that see everything."""


@runtime_checkable
class FrameSearchModel(Protocol):
    """A model whose search goes over the frames of its encoder from left to right: CTC and transducers."""

    def frames_for_search(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features [B, D, F] and lengths [B] -> what the search works on [B, S, X] and its lengths [B]."""

    def search_frames(self, frames: Tensor, lengths: Tensor, decoding: Any) -> list[Hypothesis]:
        """[B, S, X] -> hypotheses."""


@dataclass(frozen=True)
class ChunkSize:
    """Of one model, in feature frames."""

    size: int
    overlap: int
    unit: int
    left_share: float
    """Part of an overlap that lies before the cut."""


class LongAudio:
    """Transcribes what is too long for one pass of a model's encoder.

    Args:
        model: a model in evaluation mode.
        batch_size: chunks computed together, at most; memory may allow fewer.
        max_seconds: what is longer goes by chunks of this length; None: see `memory_limit` for the limit, and chunks
            of 40 seconds where the encoder sees everything. Infinity: nothing is cut.
        overlap_seconds: that neighbouring chunks share, at least; None: all that the encoder sees, if that is limited
            and not more than half a chunk, else 8 seconds or a quarter of a chunk.

    Raises:
        ConfigError: lengths that are not possible.
    """

    def __init__(
        self, model: Any, batch_size: int = 4, max_seconds: float | None = None, overlap_seconds: float | None = None
    ) -> None:
        if max_seconds is not None and not max_seconds > 0:
            raise ConfigError(f"max_seconds is {max_seconds}; expected a length above 0, or None for the default.")
        if overlap_seconds is not None and not 0 <= overlap_seconds < (max_seconds or CHUNK_SECONDS):
            raise ConfigError(
                f"overlap_seconds is {overlap_seconds}; expected at least 0 and less than the chunks' "
                f"{max_seconds or CHUNK_SECONDS} seconds. Make it shorter, or max_seconds longer."
            )
        self.model = model
        self.batch_size = batch_size
        self.max_seconds = max_seconds
        self.overlap_seconds = overlap_seconds

    @functools.cached_property
    def limit_seconds(self) -> float:
        """The longest recording that is encoded at once."""
        if self.max_seconds is not None:
            return self.max_seconds
        frames = self._memory.frames_within(memory_budget(self.model.device))
        return max(ALWAYS_AT_ONCE_SECONDS, frames * self._feature_seconds)

    def is_long(self, samples: int) -> bool:
        """Whether a recording of `samples` samples goes by chunks."""
        seconds = samples / self.model.sample_rate
        if self.max_seconds is None and seconds <= ALWAYS_AT_ONCE_SECONDS:
            return False
        return seconds > self.limit_seconds

    def most_together(self, samples: int) -> int:
        """How many recordings of up to `samples` samples, none of them long, are computed together."""
        seconds = samples / self.model.sample_rate
        if seconds <= ALWAYS_AT_ONCE_SECONDS or self.max_seconds is not None:
            return self.batch_size
        return self._within_budget(math.ceil(seconds / self._feature_seconds))

    def transcribe(self, signal: Tensor, decoding: Any) -> Hypothesis:
        """Transcribes one recording.

        Args:
            signal: [T] samples on the model's device.
            decoding: of ``model.decoding_for``.
        """
        searches_frames = isinstance(self.model, FrameSearchModel)
        if not searches_frames:
            return self._by_audio_chunks(signal, decoding)
        lengths = torch.tensor([len(signal)], device=signal.device)
        features, feature_lengths = self.model.preprocessor(input_signal=signal[None], length=lengths)
        parts = list(self._encoded(features, int(feature_lengths[0])))
        frames = torch.cat(parts, dim=1)
        del parts
        lengths = torch.tensor([frames.shape[1]], device=frames.device)
        return self.model.search_frames(frames, lengths, decoding)[0]

    # ------------------------------------------------------------------------------------------------ frames of chunks

    def _encoded(self, features: Tensor, length: int) -> Iterator[Tensor]:
        """What is kept of each chunk, [1, S, X], in order."""
        sizes = self.chunk_size
        chunks = plan_chunks(length, sizes.size, sizes.overlap, sizes.unit, sizes.left_share)
        together = self._within_budget(sizes.size)
        # the last chunk may be shorter, and goes with the frames after the valid ones, as it does at once
        for is_last, group in groupby(chunks, key=lambda chunk: chunk is chunks[-1]):
            members = list(group)
            for first in range(0, len(members), together):
                batch = members[first : first + together]
                yield from self._encoded_batch(features, length, batch, is_last)

    def _encoded_batch(self, features: Tensor, length: int, chunks: Sequence[Chunk], is_last: bool) -> Iterator[Tensor]:
        stacked = torch.cat([features[:, :, chunk.start : None if is_last else chunk.stop] for chunk in chunks])
        lengths = torch.tensor([chunk.stop - chunk.start for chunk in chunks], device=features.device)
        frames, frame_lengths = self.model.frames_for_search(stacked, lengths)
        factor = features_of_a_frame(self.model.encoder)
        for row, chunk, valid in zip(frames, chunks, frame_lengths.tolist(), strict=True):
            first = (chunk.kept_from - chunk.start) // factor
            stop = valid if is_last else (chunk.kept_to - chunk.start) // factor
            yield row[None, first:stop]

    @functools.cached_property
    def chunk_size(self) -> ChunkSize:
        """Size and overlap of chunks, in feature frames."""
        unit = features_of_a_unit(self.model.encoder)
        context = encoder_context(self.model.encoder)
        longest = self._frames(self.limit_seconds)
        if context is None and self.max_seconds is None:
            longest = min(longest, self._frames(CHUNK_SECONDS))
        size = max(longest // unit, 4) * unit
        if self.overlap_seconds is not None:
            overlap = self._frames(self.overlap_seconds)
        elif context is not None:
            # the frames at the cut must be whole units away from both ends
            overlap = min(context.left + context.right + 2 * unit, size // 2)
        else:
            overlap = min(self._frames(OVERLAP_SECONDS), size // 4)
        overlap = min(-(-overlap // unit) * unit, size - unit)
        share = 0.5 if context is None else (context.left + unit) / (context.left + context.right + 2 * unit)
        return ChunkSize(size, overlap, unit, share)

    def _frames(self, seconds: float) -> int:
        return int(min(seconds / self._feature_seconds, 2**40))

    def _within_budget(self, frames: int) -> int:
        """Rows of `frames` feature frames that are computed together."""
        if self.max_seconds is not None:
            return self.batch_size
        needed = self._memory.needed(frames)
        return max(1, min(self.batch_size, int(memory_budget(self.model.device) / needed)))

    @functools.cached_property
    def _memory(self) -> EncoderMemory:
        silence = torch.zeros(1, self.model.sample_rate, device=self.model.device)
        lengths = torch.tensor([silence.shape[1]], device=silence.device)
        features, _ = self.model.preprocessor(input_signal=silence, length=lengths)
        return encoder_memory(self.model.encoder, features)

    @functools.cached_property
    def _feature_seconds(self) -> float:
        return float(self.model.frame_seconds / features_of_a_frame(self.model.encoder))

    # ------------------------------------------------------------------------------------------------- chunks of audio

    def _by_audio_chunks(self, signal: Tensor, decoding: Any) -> Hypothesis:
        rate = self.model.sample_rate
        size = min(self.limit_seconds, CHUNK_SECONDS if self.max_seconds is None else math.inf)
        overlap = min(OVERLAP_SECONDS / 2, size / 4) if self.overlap_seconds is None else self.overlap_seconds
        chunks = plan_chunks(len(signal), int(size * rate), int(overlap * rate))
        hypotheses: list[Hypothesis] = []
        together = self._within_budget(self._frames(size))
        for first in range(0, len(chunks), together):
            batch = chunks[first : first + together]
            parts = [signal[chunk.start : chunk.stop] for chunk in batch]
            signals = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
            lengths = torch.tensor([len(part) for part in parts], device=signal.device)
            hypotheses += self.model.transcribe_batch(signals, lengths, decoding)
        shares = [
            (before.stop - after.start) / (before.stop - before.start)
            for before, after in zip(chunks[:-1], chunks[1:], strict=True)
        ]
        offsets = [round(chunk.start / rate / self.model.frame_seconds) for chunk in chunks]
        return join_hypotheses(hypotheses, shares, offsets, decoding)
