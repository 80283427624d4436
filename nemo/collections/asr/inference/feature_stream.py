"""Features of a stream, frame by frame: the same as those of the whole recording, whatever the cuts.

A frame covers `n_fft` samples around its place; it is computed once all of them have come. What `normalize:
per_feature` does with a recording, its mean and deviation over all of it, cannot be known while it goes on; a stream
then takes those of what has come so far. D features, F frames.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nemo.collections.asr.inference.audio_sources import float_samples
from nemo.collections.common.audio.mel import FilterbankFeatures
from nemo.collections.common.audio.normalization import DEVIATION_FLOOR, NO_NORMALIZATION, normalize_utterance
from nemo.utils.exceptions import ConfigError, ShapeError

logger = logging.getLogger(__name__)


class FeatureStream:
    """Turns audio that comes piece by piece into features.

    Args:
        preprocessor: the model's; log-mel features without frame splicing.
        device: where the features go.

    Raises:
        ConfigError: another preprocessor.
    """

    def __init__(self, preprocessor: Any, device: torch.device | str = "cpu") -> None:
        featurizer = getattr(preprocessor, "featurizer", None)
        if not isinstance(featurizer, FilterbankFeatures) or featurizer.frame_splicing > 1:
            raise ConfigError(
                f"a stream needs log-mel features without frame splicing, but the model has {preprocessor}. "
                "Transcribe whole recordings with it: model.transcribe(...)."
            )
        self._featurizer = featurizer
        self._normalize = _normalization(featurizer.normalize)
        self._device = device
        self._kept = torch.zeros(0)
        self._kept_from = 0
        self._frames = 0
        self._is_finished = False

    @property
    def samples(self) -> int:
        """Samples that have come."""
        return self._kept_from + self._kept.shape[0]

    def feed(self, chunk: np.ndarray | Tensor) -> Tensor:
        """Takes samples [T], any number of them, and gives the frames [D, F] that they complete.

        Raises:
            ShapeError: more than one channel.
            AudioFileError: samples that are NaN or infinite; the stream is as before.
        """
        if self._is_finished:
            raise ConfigError("the stream is finished: it takes no more audio. Make another for the next recording.")
        samples = float_samples(chunk, "the chunk")
        if samples.ndim != 1:
            raise ShapeError(f"the chunk has the shape {list(samples.shape)}; a stream takes one channel, samples [T].")
        self._kept = torch.cat([self._kept, torch.from_numpy(np.ascontiguousarray(samples))])
        window, hop, edge = self._featurizer.n_fft, self._featurizer.hop_length, self._featurizer.edge
        # the first frames mirror what follows them, and so need one sample more
        ready = (self.samples + edge - window) // hop + 1 if self.samples > edge else 0
        return self._compute(max(ready, self._frames), is_end=False)

    def finish(self) -> Tensor:
        """Gives the last frames [D, F], which reach over the end."""
        self._is_finished = True
        total = max(int(self._featurizer.get_seq_len(torch.tensor(self.samples))), self._frames) if self.samples else 0
        return self._compute(total, is_end=True)

    def _compute(self, total: int, *, is_end: bool) -> Tensor:
        """The frames from the first that is missing to `total`."""
        featurizer = self._featurizer
        first, count = self._frames, total - self._frames
        if count <= 0:
            return torch.zeros(featurizer.nfilt, 0, device=self._device)
        begin = first * featurizer.hop_length - featurizer.edge
        end = begin + (count - 1) * featurizer.hop_length + featurizer.n_fft
        audio = self._prepared(is_end)
        offset = begin - (self._kept_from - (featurizer.edge if self._kept_from == 0 else 0))
        features = featurizer.of_prepared(audio[offset : offset + end - begin][None].to(self._device))[0]
        self._frames = total
        self._forget(total * featurizer.hop_length - featurizer.n_fft - 1)
        return self._normalize(features)

    def _prepared(self, is_end: bool) -> Tensor:
        """What is kept after pre-emphasis, with the edges that are known."""
        featurizer = self._featurizer
        audio, edge = self._kept, featurizer.edge
        if is_end and self.samples <= edge and featurizer.edge_mode == "reflect":
            audio = F.pad(audio, (0, edge + 1 - self.samples))  # too short to mirror
        if featurizer.preemph is not None:
            audio = torch.cat([audio[:1], torch.sub(audio[1:], audio[:-1], alpha=featurizer.preemph)])
        edges = (edge if self._kept_from == 0 else 0, edge if is_end else 0)
        return F.pad(audio[None], edges, mode=featurizer.edge_mode)[0]

    def _forget(self, until: int) -> None:
        """Drops samples that no later frame covers."""
        if until > self._kept_from:
            self._kept = self._kept[until - self._kept_from :].clone()
            self._kept_from = until


class _Fixed:
    """Normalisation that needs nothing of the recording."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def __call__(self, features: Tensor) -> Tensor:
        return normalize_utterance(features, self.kind)


class _SoFar:
    """Mean and deviation of all frames so far, for each feature or over all of them."""

    def __init__(self, per_feature: bool) -> None:
        self.per_feature = per_feature
        self.count, self.sum, self.squares = 0, torch.zeros(()), torch.zeros(())

    def __call__(self, features: Tensor) -> Tensor:
        exact = features.double() if self.per_feature else features.double().reshape(1, -1)
        self.count += exact.shape[1]
        self.sum = self.sum.to(exact) + exact.sum(1, keepdim=True)
        self.squares = self.squares.to(exact) + exact.square().sum(1, keepdim=True)
        mean = self.sum / self.count
        variance = (self.squares - self.count * mean.square()).clamp(min=0) / max(self.count - 1, 1)
        return ((features - mean) / (variance.sqrt() + DEVIATION_FLOOR)).to(features.dtype)


def _normalization(kind: Any) -> _Fixed | _SoFar:
    if isinstance(kind, Mapping) or kind in NO_NORMALIZATION:
        return _Fixed(kind)
    logger.warning(
        "the model normalises features over whole recordings (preprocessor.normalize: %s), of which a stream knows the "
        "beginning only: results differ from those of files, most at the beginning. Models made for streams have "
        "normalize: NA.",
        kind,
    )
    return _SoFar(per_feature=kind == "per_feature")
