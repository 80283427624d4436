"""Forced alignment: when the tokens of a known text were spoken. Viterbi's search (1967) over CTC's states.

    blank  t1  blank  t2  blank  t3  blank      2 U + 1 states; from each to itself, the next one, or over a blank to
                                                the next token if that is another one

B batch, S frames, V tokens, U tokens of a text, N = 2 U + 1 states.

All texts of a batch advance together, one frame at a time. Of the ways back only those of one block of frames are kept;
the others are computed again when the way back reaches them, so memory grows with the square root of S times N.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nemo.utils.exceptions import ShapeError

WAYS_KEPT = 2**26
"""Ways back (bytes) that are kept at once, if they are all of them; beyond, they are computed block by block."""


@dataclass(frozen=True)
class TokenSpan:
    """Where one token of the text was spoken."""

    token: int
    start: int
    """First frame."""
    end: int
    """Frame after the last one, at least one more than `start`."""
    score: float
    """Mean log-probability of the token in its frames."""


@dataclass(frozen=True)
class Alignment:
    """The best path of one utterance through its text."""

    spans: list[TokenSpan]
    """One for each token, in order; empty if the text cannot be spoken in so few frames."""
    score: float
    """Log-probability of the path, over all frames; minus infinity if there is none."""


def forced_align(
    log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor, blank: int | None = None
) -> list[Alignment]:
    """Aligns texts with the log-probabilities of a CTC model.

    Args:
        log_probs: [B, S, V + 1].
        lengths: [B] valid frames.
        targets: [B, U] tokens; what stands after an utterance's end means nothing.
        target_lengths: [B] tokens of each; 0 is possible.
        blank: class of the blank; None: the last one.

    Returns:
        B alignments.

    Raises:
        ShapeError: sizes that do not fit each other, or tokens that are no classes.
    """
    blank = log_probs.shape[-1] - 1 if blank is None else blank
    _check(log_probs, lengths, targets, target_lengths)
    states = _states(targets.to(log_probs.device), target_lengths.to(log_probs.device), blank)
    counts = 2 * target_lengths.to(log_probs.device) + 1
    lengths = lengths.to(log_probs.device)
    scores, path = _best_paths(log_probs.detach(), lengths, states, counts)
    return [
        _alignment(path[row, : int(length)], row_probs[: int(length)], tokens[: int(count)].tolist(), score)
        for row, (row_probs, length, tokens, count, score) in enumerate(
            zip(log_probs.detach(), lengths, targets, target_lengths, scores.tolist(), strict=True)
        )
    ]


def _check(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> None:
    batch = log_probs.shape[0]
    if log_probs.ndim != 3 or targets.ndim != 2 or {targets.shape[0], len(lengths), len(target_lengths)} != {batch}:
        raise ShapeError(
            f"forced_align got log_probs {list(log_probs.shape)}, lengths {list(lengths.shape)}, targets "
            f"{list(targets.shape)} and target_lengths {list(target_lengths.shape)}; expected [B, S, V + 1], [B], "
            "[B, U] and [B]."
        )
    if bool((lengths > log_probs.shape[1]).any()) or bool((target_lengths > targets.shape[1]).any()):
        raise ShapeError("forced_align got lengths beyond the frames or tokens that there are; mend the lengths.")
    is_token = torch.arange(targets.shape[1], device=targets.device) < target_lengths.to(targets.device)[:, None]
    wrong = is_token & ((targets < 0) | (targets >= log_probs.shape[2]))
    if bool(wrong.any()):
        raise ShapeError(
            f"forced_align got the token {int(targets[wrong][0])}; expected tokens from 0 to {log_probs.shape[2] - 1}. "
            "Use the tokenizer of the model."
        )


def _states(targets: Tensor, target_lengths: Tensor, blank: int) -> Tensor:
    """[B, N]: the class of each state; blanks between the tokens, and after the last one."""
    batch, most = targets.shape
    is_token = torch.arange(most, device=targets.device) < target_lengths[:, None]
    states = torch.full((batch, 2 * most + 1), blank, dtype=torch.int64, device=targets.device)
    states[:, 1::2] = torch.where(is_token, targets.to(torch.int64), blank)
    return states


def _best_paths(log_probs: Tensor, lengths: Tensor, states: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Scores [B] of the best paths, and the state at each frame [B, S]; what lies beyond the lengths means nothing."""
    batch, frames, _ = log_probs.shape
    path = torch.zeros(batch, frames, dtype=torch.int64, device=states.device)
    if frames == 0:
        return torch.where(counts == 1, 0.0, -math.inf), path
    can_jump = torch.zeros_like(states, dtype=torch.bool)
    can_jump[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]  # over a blank, to another token
    block = frames if states.numel() * frames <= WAYS_KEPT else math.isqrt(frames) + 1
    alpha = torch.full(states.shape, -math.inf, dtype=torch.float32, device=states.device)
    alpha[:, :1] = 0.0  # before the first frame: as if a blank had been there
    beginnings: list[Tensor] = []
    ways: list[Tensor] = []
    for first in range(0, frames, block):
        beginnings.append(alpha)
        stop = min(first + block, frames)
        alpha, ways = _advance(alpha, log_probs, lengths, states, can_jump, first, stop, keep=stop == frames)
    last = torch.stack([counts - 1, (counts - 2).clamp(min=0)], dim=1)  # the blank at the end, or the last token
    ends = alpha.gather(1, last)
    scores, which = ends.max(dim=1)
    state = last.gather(1, which[:, None])[:, 0]
    for index in reversed(range(len(beginnings))):
        first, stop = index * block, min((index + 1) * block, frames)
        if stop < frames:
            _, ways = _advance(beginnings[index], log_probs, lengths, states, can_jump, first, stop, keep=True)
        for frame in reversed(range(first, stop)):
            path[:, frame] = state
            state = state - ways[frame - first].gather(1, state[:, None])[:, 0]
    return torch.where(lengths > 0, scores, torch.where(counts == 1, 0.0, -math.inf)), path


def _advance(
    alpha: Tensor,
    log_probs: Tensor,
    lengths: Tensor,
    states: Tensor,
    can_jump: Tensor,
    first: int,
    stop: int,
    keep: bool,
) -> tuple[Tensor, list[Tensor]]:
    """Scores [B, N] after frame `stop` - 1 from those before frame `first`, and how many states each path advanced.

    An utterance that has ended keeps its scores. At the first frame of all, paths begin in the first two states.
    """
    ways: list[Tensor] = []
    never = torch.full_like(alpha[:, :2], -math.inf)
    for frame in range(first, stop):
        one_back = torch.cat([never[:, :1], alpha[:, :-1]], dim=1)
        two_back = torch.cat([never, alpha[:, :-2]], dim=1)[:, : alpha.shape[1]].masked_fill(~can_jump, -math.inf)
        # the first of equals: a path stays where it is as long as it can
        best, way = torch.stack([alpha, one_back, two_back]).max(dim=0)
        is_running = (frame < lengths)[:, None]
        alpha = torch.where(is_running, best + log_probs[:, frame].gather(1, states).float(), alpha)
        if keep:
            ways.append(torch.where(is_running, way, 0).to(torch.int8))
    return alpha, ways


def _alignment(path: Tensor, log_probs: Tensor, tokens: Sequence[int], score: float) -> Alignment:
    """Spans of the tokens from the state at each frame [S], with log_probs [S, V + 1]."""
    if score == -math.inf:
        return Alignment([], score)
    states, begins = path.unique_consecutive(return_counts=True) if len(path) else (path, path)
    ends = begins.cumsum(0)
    spans = []
    for state, start, end in zip(states.tolist(), (ends - begins).tolist(), ends.tolist(), strict=True):
        if state % 2:
            token = tokens[state // 2]
            spans.append(TokenSpan(token, start, end, float(log_probs[start:end, token].mean())))
    return Alignment(spans, score)
