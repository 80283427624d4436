"""The original's way to step a cache-aware model by hand: a buffer that cuts features, and one step of the model.

`CacheAwareStream` does all of this; these are for scripts that were written against the original. Its chunks begin with
zeros where the original's do, so the first frames may differ from those of the whole recording.
B streams, D features, F frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference.cache_aware import check_is_cache_aware
from nemo.collections.asr.inference.stream_decoding import CTCStreamState, stream_decoding
from nemo.collections.asr.inference.transcribe import inference_state
from nemo.collections.common.audio.io import load_audio
from nemo.utils.exceptions import ConfigError


class CacheAwareStreamingAudioBuffer:
    """Features of recordings, given out in the chunks that a cache-aware encoder takes.

    Args:
        model: the model.
        online_normalization: normalise each chunk alone; None: no. The whole recording is normalised otherwise.
        pad_and_drop_preencoded: put zeros before the first chunk as well, so that all have one shape.
    """

    def __init__(
        self, model: Any, online_normalization: bool | None = None, pad_and_drop_preencoded: bool = False
    ) -> None:
        if online_normalization:
            raise ConfigError(
                "online_normalization is not offered. Use a model with preprocessor.normalize: NA, or "
                "nemo.collections.asr.inference.CacheAwareStream, which normalises over what has come so far."
            )
        check_is_cache_aware(model.encoder)
        self.model, self.pad_and_drop_preencoded = model, pad_and_drop_preencoded
        self.reset_buffer()

    def reset_buffer(self) -> None:
        """Forgets all recordings and begins again."""
        self.buffer: Tensor | None = None
        self.streams_length: Tensor | None = None
        self.buffer_idx = self.step = 0

    def reset_buffer_pointer(self) -> None:
        """Begins again with the same recordings."""
        self.buffer_idx = self.step = 0

    def is_buffer_empty(self) -> bool:
        """Whether all chunks were given out."""
        return self.buffer is None or self.buffer_idx >= self.buffer.shape[2]

    def __len__(self) -> int:
        return 0 if self.buffer is None else len(self.buffer)

    def append_audio_file(self, audio_filepath: str, stream_id: int = -1) -> tuple[Tensor, Tensor, int]:
        """Adds a recording from a file; see :meth:`append_audio`."""
        return self.append_audio(load_audio(str(audio_filepath), self.model.sample_rate), stream_id)

    def append_audio(self, audio: np.ndarray, stream_id: int = -1) -> tuple[Tensor, Tensor, int]:
        """Adds samples [T] as a stream of its own.

        Returns:
            Features [1, D, F], their number [1] and the stream's number.

        Raises:
            ConfigError: a `stream_id` of another stream: `CacheAwareStream` takes audio piece by piece.
        """
        if stream_id >= 0:
            raise ConfigError(
                f"stream_id is {stream_id}; this buffer takes whole recordings, each as a new stream (-1). Feed audio "
                "piece by piece into nemo.collections.asr.inference.CacheAwareStream."
            )
        signal = torch.as_tensor(audio, dtype=torch.float32, device=self.model.device)[None]
        with inference_state(self.model):
            features, lengths = self.model.preprocessor(
                input_signal=signal, length=torch.tensor([signal.shape[1]], device=signal.device)
            )
        features = features[:, :, : int(lengths[0])]
        if self.buffer is None or self.streams_length is None:
            self.buffer, self.streams_length = features, lengths
        else:
            frames = max(self.buffer.shape[2], features.shape[2])
            both = [F.pad(part, (0, frames - part.shape[2])) for part in (self.buffer, features)]
            self.buffer, self.streams_length = torch.cat(both), torch.cat([self.streams_length, lengths])
        return features, lengths, len(self.buffer) - 1

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Gives chunks [B, D, F] with the valid frames [B] of each stream, those put before a chunk counted."""
        while not self.is_buffer_empty():
            assert self.buffer is not None
            assert self.streams_length is not None
            sizes = self.model.encoder.sizes
            place = 1 if self.pad_and_drop_preencoded else min(self.step, 1)
            size, shift = (_at(value, min(self.step, 1)) for value in (sizes.chunk_size, sizes.shift_size))
            before = _at(sizes.pre_encode_cache_size, place)
            start = max(0, self.buffer_idx - before)
            chunk = F.pad(self.buffer[:, :, start : self.buffer_idx + size], (before - (self.buffer_idx - start), 0))
            lengths = (self.streams_length - self.buffer_idx + before).clamp(min=0, max=chunk.shape[2])
            self.buffer_idx += shift
            self.step += 1
            yield chunk, lengths

    def get_all_audios(self) -> tuple[Tensor | None, Tensor | None]:
        """All features [B, D, F] and their numbers [B]."""
        return self.buffer, self.streams_length


def _at(sizes: int | Sequence[int], place: int) -> int:
    return sizes if isinstance(sizes, int) else sizes[place]


@torch.no_grad()
def stream_step(
    model: Any,
    processed_signal: Tensor,
    processed_signal_length: Tensor | None = None,
    cache_last_channel: Tensor | None = None,
    cache_last_time: Tensor | None = None,
    cache_last_channel_len: Tensor | None = None,
    keep_all_outputs: bool = True,
    previous_hypotheses: list[Any] | None = None,
    previous_pred_out: list[Tensor] | None = None,
    drop_extra_pre_encoded: int | None = None,
    return_transcription: bool = True,
    return_log_probs: bool = False,
) -> tuple[Any, ...]:
    """One step of a cache-aware model: a chunk of features to text so far; `conformer_stream_step` of the models.

    Args:
        model: the model.
        processed_signal: [B, D, F].
        processed_signal_length: [B]; None: all.
        cache_last_channel: from the step before, or of `model.encoder.get_initial_cache_state`.
        cache_last_time: the same.
        cache_last_channel_len: the same.
        keep_all_outputs: this is the last chunk.
        previous_hypotheses: the last result of the step before; None at the beginning.
        previous_pred_out: the first result of the step before; None at the beginning.
        drop_extra_pre_encoded: encoder frames to drop; None: as the encoder's streaming config says.
        return_transcription: accepted for users' scripts; texts are always given.
        return_log_probs: CTC only: also give log-probabilities [B, S, V + 1] of this chunk and their lengths.

    Returns:
        Best labels so far of each stream (CTC) or tokens (transducer), texts so far, the three caches, and what
        `previous_hypotheses` takes; with `return_log_probs` two more.
    """
    if processed_signal_length is None:
        processed_signal_length = torch.full((len(processed_signal),), processed_signal.shape[2])
    encoded, lengths, *caches = model.encoder.cache_aware_stream_step(
        processed_signal,
        processed_signal_length.to(processed_signal.device),
        cache_last_channel,
        cache_last_time,
        cache_last_channel_len,
        keep_all_outputs=keep_all_outputs,
        drop_extra_pre_encoded=drop_extra_pre_encoded,
    )
    decoding = stream_decoding(model)
    states = previous_hypotheses or [decoding.begin() for _ in processed_signal]
    states = decoding.advance(list(states), encoded, lengths)
    labels = [_tokens(state) for state in states]
    results = (labels, [decoding.text(state) for state in states], *caches, states)
    if not return_log_probs:
        return results
    return *results, model.decoder(encoder_output=encoded), lengths


def _tokens(state: CTCStreamState | Hypothesis) -> Tensor:
    return torch.as_tensor(state.labels if isinstance(state, CTCStreamState) else state.y_sequence)
