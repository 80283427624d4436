"""Recognition while somebody speaks, with a model whose encoder was made for it: each frame is computed once.

audio of any cut -> features (feature_stream.py) -> chunks of the size that the encoder asks for -> frames, with caches
of what came before (Noroozi et al., 2023, https://arxiv.org/abs/2312.17279) -> text

The result is that of the whole recording with the same context. Streams of several speakers are computed together.
B streams, D features, F frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.timestamps import add_seconds
from nemo.collections.asr.inference.feature_stream import FeatureStream
from nemo.collections.asr.inference.stream_decoding import stream_decoding
from nemo.utils.exceptions import ConfigError


class CacheAwareStream:
    """One stream of audio into a model whose encoder sees a limited part of the future.

        stream = CacheAwareStream(model)
        for chunk in microphone:
            print(stream.feed(chunk))
        print(stream.finish())

    Args:
        model: an ASR model with a causal Conformer encoder, such as the FastConformers made for streaming; CTC, a
            transducer or a hybrid. It is put into evaluation mode. An encoder of several contexts uses the one that
            `model.encoder.set_default_att_context_size` set.

    Raises:
        ConfigError: the model needs the whole recording; :class:`~nemo.collections.asr.inference.buffered.
            BufferedStream` reads streams with it.
    """

    def __init__(self, model: Any) -> None:
        check_is_cache_aware(model.encoder)
        self._model = model.eval()
        self._features = FeatureStream(model.preprocessor, model.device)
        self._chunks = _Chunks(model.encoder)
        self._caches: list[Tensor] = list(model.encoder.get_initial_cache_state(1, device=model.device))
        self._decoding = stream_decoding(model)
        self._state = self._decoding.begin()
        self._hypothesis: Hypothesis | None = None

    @property
    def text(self) -> str:
        """What was understood so far; what is once there stays."""
        return self._decoding.text(self._state)

    def feed(self, chunk: np.ndarray | Tensor) -> str:
        """Takes samples [T] at the model's rate, any number of them, and gives the text so far.

        Args:
            chunk: float between -1 and 1, or integers such as int16.
        """
        return feed_together([self], [chunk])[0]

    def finish(self) -> Hypothesis:
        """Ends the stream and gives the whole result; times in seconds as well where the decoding gives them."""
        return finish_together([self])[0]

    def _take(self, chunk: np.ndarray | Tensor) -> None:
        self._chunks.add(self._features.feed(chunk))

    def _end(self) -> None:
        if self._hypothesis is None:
            self._chunks.end(self._features.finish())

    def _result(self) -> Hypothesis:
        if self._hypothesis is None:
            self._hypothesis = self._decoding.finish(self._state)
            if isinstance(self._hypothesis.timestep, dict):
                seconds = self._features.samples / self._model.sample_rate
                add_seconds(self._hypothesis.timestep, self._model.frame_seconds, seconds)
        return self._hypothesis


def feed_together(streams: Sequence[CacheAwareStream], chunks: Sequence[np.ndarray | Tensor]) -> list[str]:
    """Feeds one chunk into each of several streams of one model; what can be computed together is.

    The streams need not be at the same place, nor the chunks of the same size. Returns their texts so far.

    Raises:
        ConfigError: streams of several models.
    """
    for stream, chunk in zip(streams, chunks, strict=True):
        stream._take(chunk)
    _advance(streams)
    return [stream.text for stream in streams]


def finish_together(streams: Sequence[CacheAwareStream]) -> list[Hypothesis]:
    """Ends several streams of one model; see :meth:`CacheAwareStream.finish`."""
    for stream in streams:
        stream._end()
    _advance(streams)
    return [stream._result() for stream in streams]


def check_is_cache_aware(encoder: Any) -> None:
    """Refuses an encoder whose frames would not be those of the whole recording.

    Raises:
        ConfigError: says which option is in the way.
    """
    problem = None
    if getattr(encoder, "streaming_cfg", None) is None:
        problem = f"{type(encoder).__name__} keeps no caches"
    elif encoder.self_attention_model == "rel_pos_local_attn":
        problem = "encoder.self_attention_model is rel_pos_local_attn"
    elif encoder.att_context_size[1] < 0:
        problem = f"encoder.att_context_size is {encoder.att_context_size}, without a limit on the right"
    elif getattr(encoder.pre_encode, "is_causal", True) is False:
        problem = "encoder.causal_downsampling is false"
    elif getattr(encoder.pre_encode, "subsampling", "") == "vggnet":
        problem = "encoder.subsampling is vggnet"
    elif encoder.att_context_style == "chunked_limited" and encoder.layers[0].conv.right > 0:
        problem = "encoder.conv_context_size is not causal"
    elif encoder.reduction_position is not None:
        problem = "encoder.reduction is set"
    if problem is not None:
        raise ConfigError(
            f"{problem}: such an encoder needs what comes later. Expected one made for streams; use "
            "nemo.collections.asr.inference.BufferedStream with this model, which computes overlapping windows."
        )


class _Chunks:
    """Cuts the features of a stream as its encoder wants them."""

    def __init__(self, encoder: Any) -> None:
        self._sizes, self._factor = encoder.sizes, encoder.subsampling_factor
        self._features: Tensor | None = None
        self._first = 0  # number of the first frame that is kept
        self._position = 0  # first frame of the next chunk
        self._step = 0
        self._is_end = False

    def add(self, features: Tensor) -> None:
        """Takes frames [D, F]."""
        self._features = features if self._features is None else torch.cat([self._features, features], dim=1)

    def end(self, features: Tensor) -> None:
        """Takes the last frames."""
        self.add(features)
        self._is_end = True

    def next(self) -> tuple[Tensor, int, bool] | None:
        """The next chunk [D, F], encoder frames at its beginning to drop, and whether it is the last; or None."""
        if self._features is None:
            return None
        total = self._first + self._features.shape[1]
        size, shift, before = (self._of_step(name) for name in ("chunk_size", "shift_size", "pre_encode_cache_size"))
        if self._position >= total if self._is_end else self._position + size > total:
            return None
        # near the beginning the chunk goes back to it, so that the convolutions pad where they do for whole recordings
        start = max(0, self._position - before)
        drop = (self._position - start - 1) // self._factor + 1 if self._position > start else 0
        chunk = self._features[:, start - self._first : self._position - self._first + size]
        self._position += shift
        self._step += 1
        is_last = self._is_end and self._position >= total
        self._forget(self._position - self._of_step("pre_encode_cache_size"))
        return chunk, drop, is_last

    def _of_step(self, name: str) -> int:
        size = getattr(self._sizes, name)
        return int(size[min(self._step, 1)] if isinstance(size, list) else size)

    def _forget(self, until: int) -> None:
        if until > self._first and self._features is not None:
            self._features = self._features[:, until - self._first :]
            self._first = until


@torch.no_grad()
def _advance(streams: Sequence[CacheAwareStream]) -> None:
    """Computes all chunks that are ready; in each round those of the same shape together."""
    if len({id(stream._model) for stream in streams}) > 1:
        raise ConfigError("the streams belong to several models. Expected those of one; feed the others apart.")
    while True:
        rounds: dict[tuple[int, int, bool], list[tuple[CacheAwareStream, Tensor]]] = {}
        for stream in streams:
            ready = stream._chunks.next()
            if ready is not None:
                chunk, drop, is_last = ready
                rounds.setdefault((chunk.shape[1], drop, is_last), []).append((stream, chunk))
        if not rounds:
            return
        for (_, drop, is_last), group in rounds.items():
            _encode([stream for stream, _ in group], torch.stack([chunk for _, chunk in group]), drop, is_last)


def _encode(streams: list[CacheAwareStream], features: Tensor, drop: int, is_last: bool) -> None:
    """One step of several streams with features [B, D, F]."""
    first = streams[0]
    channel, time, filled = zip(*(stream._caches for stream in streams), strict=True)
    lengths = torch.full((len(streams),), features.shape[2], device=features.device)
    encoded, encoded_lengths, *caches = first._model.encoder.cache_aware_stream_step(
        features,
        lengths,
        torch.cat(channel, dim=1),
        torch.cat(time, dim=1),
        torch.cat(filled),
        keep_all_outputs=is_last,
        drop_extra_pre_encoded=drop,
    )
    states = first._decoding.advance([stream._state for stream in streams], encoded, encoded_lengths)
    for row, (stream, state) in enumerate(zip(streams, states, strict=True)):
        stream._state = state
        stream._caches = [caches[0][:, row : row + 1], caches[1][:, row : row + 1], caches[2][row : row + 1]]
