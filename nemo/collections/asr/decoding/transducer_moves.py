"""What a transducer does at one place of its lattice: write a token, or go on over frames.

scores [..., K] of the joint network -> label [...], its score, and the frames to go on by

- RNN-T (Graves, 2012, https://arxiv.org/abs/1211.3711): a token keeps the frame, the blank goes on by one.
- multi-blank (Xu et al., 2022, https://arxiv.org/abs/2211.03541): big blanks go on by several.
- TDT (Xu et al., 2023, https://arxiv.org/abs/2304.06795): tokens and the blank go on by a predicted duration.

The order of the classes is fixed by archives: tokens, big blanks from the longest to the shortest, the blank, and TDT's
durations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError

MODEL_TYPES = ("rnnt", "tdt", "multiblank")


class TransducerMoves(Protocol):
    """One kind of transducer. Labels below `tokens` are tokens, the others are blanks."""

    tokens: int
    blank: int

    def best(self, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The best move at each place.

        Args:
            scores: [..., K] of the joint network.

        Returns:
            Labels, their scores, and the frames to go on by, at least 1 for blanks; each [...].
        """

    def of_labels(self, scores: Tensor) -> Tensor:
        """The part of `scores` that is about labels, normalised: log-probabilities [..., L]."""


class BlankMoves:
    """RNN-T, or multi-blank when there are big blanks.

    Args:
        tokens: V.
        big_blank_durations: frames of each big blank; the first is the class before the blank.
    """

    def __init__(self, tokens: int, big_blank_durations: Sequence[int] = ()) -> None:
        self.tokens = tokens
        self.blank = tokens + len(big_blank_durations)
        self._frames = torch.tensor([0] * tokens + [int(each) for each in reversed(big_blank_durations)] + [1])

    def best(self, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See :class:`TransducerMoves`."""
        values, labels = scores.max(dim=-1)
        if self._frames.device != labels.device:
            self._frames = self._frames.to(labels.device)
        return labels, values, self._frames[labels]

    def of_labels(self, scores: Tensor) -> Tensor:
        """See :class:`TransducerMoves`."""
        return scores.float().log_softmax(dim=-1)


class DurationMoves:
    """TDT.

    Args:
        tokens: V.
        durations: what the classes behind the blank mean, in frames.
    """

    def __init__(self, tokens: int, durations: Sequence[int]) -> None:
        self.tokens = self.blank = tokens
        self._durations = torch.tensor([int(each) for each in durations])

    def best(self, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See :class:`TransducerMoves`; a blank that would stay goes on by one frame."""
        values, labels = scores[..., : self.blank + 1].max(dim=-1)
        frames = self.durations_of(scores)
        return labels, values, torch.where(labels == self.blank, frames.clamp(min=1), frames)

    def durations_of(self, scores: Tensor) -> Tensor:
        """The most probable duration at each place of `scores` [..., K], in frames; it may be 0 for a blank."""
        if self._durations.device != scores.device:
            self._durations = self._durations.to(scores.device)
        return self._durations[scores[..., self.blank + 1 :].argmax(dim=-1)]

    def of_labels(self, scores: Tensor) -> Tensor:
        """See :class:`TransducerMoves`; the durations are left out."""
        return scores[..., : self.blank + 1].float().log_softmax(dim=-1)


def build_moves(
    model_type: str, tokens: int, durations: Sequence[int] | None, big_blank_durations: Sequence[int] | None
) -> BlankMoves | DurationMoves:
    """The moves of a `decoding` section.

    Args:
        model_type: one of :data:`MODEL_TYPES`.
        tokens: V.
        durations: of TDT.
        big_blank_durations: of multi-blank.

    Raises:
        ConfigError: an unknown kind, or durations that are missing or do not belong to it.
    """
    if model_type not in MODEL_TYPES:
        raise ConfigError(f"decoding.model_type is {model_type!r}; expected one of {', '.join(MODEL_TYPES)}.")
    if model_type == "tdt":
        if not durations or min(durations) < 0 or max(durations) < 1:
            raise ConfigError(
                f"decoding.durations is {durations}; a TDT model needs frames such as [0, 1, 2, 3, 4]. Set it to what "
                "the model was trained with, ${model.model_defaults.tdt_durations}."
            )
        return DurationMoves(tokens, durations)
    if model_type == "multiblank":
        if not big_blank_durations or min(big_blank_durations) < 2:
            raise ConfigError(
                f"decoding.big_blank_durations is {big_blank_durations}; a multi-blank model needs frames above 1, "
                "such as [2, 4, 8]. Set it to ${model.model_defaults.big_blank_durations}."
            )
        return BlankMoves(tokens, big_blank_durations)
    return BlankMoves(tokens)
