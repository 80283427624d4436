"""Audio while its spectrogram is still being made: pieces that together are what the whole would have given.

mel pieces [B, D, f] -> windows: context, chunk, context -> vocoder -> audio of the chunk [B, T]
B batch, D mel bands, f frames of a piece, T samples.

A sample of HiFi-GAN depends on a few frames before and after its own; the vocoder computes how many from its layers
(:mod:`nemo.collections.tts.modules.receptive_field`). A chunk whose window has as many on both sides has the same
numbers as in the whole. The first and last windows end where the spectrogram does, so edges are padded alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from nemo.collections.tts.inference.onnx_vocoder import OnnxVocoder
from nemo.utils.exceptions import ConfigError, ShapeError


class ChunkVocoder(Protocol):
    """What a stream needs of a vocoder; HifiGanModel, UnivNetModel and OnnxVocoder have it."""

    @property
    def sample_rate(self) -> int:
        """Hz."""

    @property
    def hop_length(self) -> int:
        """Samples of a frame."""

    @property
    def context_frames(self) -> int:
        """Frames before and after its own that a sample depends on."""

    @property
    def noise_channels(self) -> int:
        """Channels of the noise that it needs beside the spectrogram; 0 for none."""

    def convert_spectrogram_to_audio(self, spec: Tensor, **kwargs: Any) -> Tensor:
        """Audio [B, T] of log-mel spectrograms [B, D, F]."""


class StreamingVocoder:
    """Turns a spectrogram that comes in pieces of any size into audio.

    Audio of a frame can be had once `context` further frames are there; a larger `chunk_frames` computes less twice:
    the vocoder sees ``chunk_frames + 2 * context`` frames for each `chunk_frames`. Weight norms are computed anew for
    each chunk; ``vocoder.generator.remove_weight_norm()`` beforehand saves that.

    Args:
        vocoder: a trained vocoder in evaluation mode, an :class:`~nemo.collections.tts.inference.onnx_vocoder.\
OnnxVocoder`, or the path of an exported `.onnx` file.
        chunk_frames: frames that are turned into audio at once.
        context: frames before and after them that the vocoder sees too; None: as many as it needs, so that nothing
            differs from the whole. Fewer come sooner, and sound a little different at the seams.

    Raises:
        ConfigError: the vocoder cannot be used in pieces, or a number that makes no sense.
    """

    def __init__(
        self, vocoder: ChunkVocoder | str | os.PathLike[str], chunk_frames: int = 32, context: int | None = None
    ) -> None:
        self.vocoder: Any = OnnxVocoder(vocoder) if isinstance(vocoder, (str, os.PathLike)) else vocoder
        if not hasattr(self.vocoder, "context_frames"):
            raise ConfigError(
                f"{type(self.vocoder).__name__} does not make audio in pieces: how far its samples see is not known. "
                "Use a HifiGanModel, a UnivNetModel or an exported one."
            )
        self.context = self.vocoder.context_frames if context is None else context
        self.chunk_frames = chunk_frames
        if chunk_frames < 1 or self.context < 0:
            raise ConfigError(
                f"chunk_frames is {chunk_frames} and context {self.context}. Expected at least 1 frame, and a context "
                "of 0 or more."
            )
        self._begin()

    def _begin(self) -> None:
        self._window: dict[str, Tensor] = {}
        """Frames that are needed still: those before the next chunk first."""
        self._spoken = 0
        """How many of them have their audio already."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return int(self.vocoder.sample_rate)

    @property
    def latency_frames(self) -> int:
        """Frames that must be there before the first audio comes."""
        return self.chunk_frames + self.context

    def feed(self, spec: Tensor, noise: Tensor | None = None) -> Tensor:
        """Takes the next frames; gives the audio that they complete.

        Args:
            spec: log-mel spectrogram [B, D, f] or [D, f], any number of frames.
            noise: [B, N, f] or [N, f], for UnivNet; None draws it from PyTorch's default generator.

        Returns:
            [B, T], or [T] where `spec` has no batch; T may be 0.

        Raises:
            ShapeError: the frames do not continue those before.
        """
        pieces = {"spec": spec}
        if self.vocoder.noise_channels:
            size = (*spec.shape[:-2], self.vocoder.noise_channels, spec.shape[-1])
            pieces["noise"] = spec.new_empty(size).normal_() if noise is None else noise
        if not self._window:
            self._is_single = spec.ndim == 2
        expected = 2 if self._is_single else 3
        if any(each.ndim != expected or each.shape[-1] != spec.shape[-1] for each in pieces.values()):
            raise self._does_not_fit(pieces)
        pieces = {name: each[None] if self._is_single else each for name, each in pieces.items()}
        if self._window:
            if any(each.shape[:2] != self._window[name].shape[:2] for name, each in pieces.items()):
                raise self._does_not_fit(pieces)
            pieces = {name: torch.cat([self._window[name], each], dim=2) for name, each in pieces.items()}
        self._window = pieces
        return self._speak(is_last=False)

    def finish(self) -> Tensor:
        """The rest of the audio; the next frames begin another spectrogram."""
        if not self._window:
            return torch.zeros(0)
        audio = self._speak(is_last=True)
        self._begin()
        return audio

    def stream(self, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
        """Audio of the pieces of one spectrogram, as soon as it can be had; none of it is empty."""
        for piece in pieces:
            audio = self.feed(piece)
            if audio.shape[-1]:
                yield audio
        audio = self.finish()
        if audio.shape[-1]:
            yield audio

    def _speak(self, *, is_last: bool) -> Tensor:
        """Audio of every chunk that has its context."""
        spec, audio = self._window["spec"], []
        while (waiting := self._window["spec"].shape[2] - self._spoken) > 0:
            if waiting < self.latency_frames and not is_last:
                break
            frames = min(waiting, self.chunk_frames)
            audio.append(self._chunk(frames, is_end=is_last and frames == waiting))
        together = torch.cat(audio, dim=1) if audio else spec.new_zeros(len(spec), 0)
        return together[0] if self._is_single else together

    def _chunk(self, frames: int, *, is_end: bool) -> Tensor:
        """Audio of the next frames; forgets what no later chunk sees."""
        hop, first, last = self.vocoder.hop_length, self._spoken, self._spoken + frames
        seen = {name: each[:, :, : last + self.context] for name, each in self._window.items()}
        audio: Tensor = self.vocoder.convert_spectrogram_to_audio(**seen)
        forgotten = max(last - self.context, 0)
        self._window = {name: each[:, :, forgotten:] for name, each in self._window.items()}
        self._spoken = last - forgotten
        return audio[:, first * hop : None if is_end else last * hop]

    def _does_not_fit(self, pieces: dict[str, Tensor]) -> ShapeError:
        shapes = {name: list(each.shape) for name, each in pieces.items()}
        before = {name: [*each.shape[:2], "F"][self._is_single :] for name, each in self._window.items()}
        expected = before or "[B, D, F] or [D, F], and noise with as many frames"
        return ShapeError(
            f"StreamingVocoder.feed() got {shapes}; it expects {expected}. Call finish() before another spectrogram."
        )
