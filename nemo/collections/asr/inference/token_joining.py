"""Joins what was recognised in overlapping pieces of a recording, where nothing says when each token was spoken.

    ... the quick brown fox ju
            quick brown fox jumps over ...
    ... the quick brown fox jumps over ...

The longest row of tokens that both have in the overlap is looked for, and the text goes from one piece to the other in
its middle: what lies at the very edge of a piece, often wrong, is taken from the piece that hears it whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

import torch

from nemo.collections.asr.decoding.ctc_greedy import FoldedPath
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.timestamps import compute_timestamps

FEWEST_IN_COMMON = 2
"""One token alone agrees by chance."""
SPARE_TOKENS = 4
"""Looked at beyond the share of the tokens that the overlap should have: speech is not even."""


def join_places(left: Sequence[int], right: Sequence[int], shared_left: float, shared_right: float) -> tuple[int, int]:
    """Where two neighbouring pieces are joined: ``left[:i] + right[j:]``.

    Args:
        left: tokens of all that went before.
        right: tokens of the later piece.
        shared_left: how many at the end of `left` should be in the overlap.
        shared_right: how many at the beginning of `right` should.

    Returns:
        i and j; all of both, one after the other, where they have no two tokens in a row in common.
    """
    tail = min(len(left), math.ceil(1.5 * shared_left) + SPARE_TOKENS)
    head = min(len(right), math.ceil(1.5 * shared_right) + SPARE_TOKENS)
    begin = len(left) - tail
    match = SequenceMatcher(None, left[begin:], right[:head], autojunk=False).find_longest_match(0, tail, 0, head)
    if match.size < FEWEST_IN_COMMON:
        return len(left), 0
    half = match.size // 2
    return begin + match.a + half, match.b + half


def join_paths(paths: Sequence[FoldedPath], shares: Sequence[float], offsets: Sequence[int]) -> FoldedPath:
    """The tokens of all pieces of a recording with their frames; what begins before its predecessor ends waits for it.

    Args:
        paths: of the pieces, in order.
        shares: part of a piece that it shares with the next one, one fewer than pieces; 0: nothing is shared.
        offsets: first frame of each piece.
    """
    joined = FoldedPath([], [], [])
    for index, (path, offset) in enumerate(zip(paths, offsets, strict=True)):
        keep, begin = len(joined.tokens), 0
        share = shares[index - 1] if index else 0.0
        if share > 0:
            before = len(paths[index - 1].tokens)
            keep, begin = join_places(joined.tokens, path.tokens, share * before, share * len(path.tokens))
        joined = FoldedPath(joined.tokens[:keep], joined.starts[:keep], joined.ends[:keep])
        for token, start, end in zip(path.tokens[begin:], path.starts[begin:], path.ends[begin:], strict=True):
            first = max(start + offset, joined.ends[-1] if joined.ends else 0)
            joined.tokens.append(token)
            joined.starts.append(first)
            joined.ends.append(max(end + offset, first))
    return joined


def join_hypotheses(
    hypotheses: Sequence[Hypothesis], shares: Sequence[float], offsets: Sequence[int], decoding: Any
) -> Hypothesis:
    """One hypothesis of those of all pieces of a recording.

    Args:
        hypotheses: at least one, in order; `y_sequence` has the tokens of the text, and no others.
        shares: see :func:`join_paths`.
        offsets: the same.
        decoding: has ``decode_tokens_to_str``, and where hypotheses have times a `vocabulary`.

    Returns:
        The score is the sum of all, and so counts overlaps twice. One hypothesis alone comes back as it is.
    """
    if len(hypotheses) == 1:
        return hypotheses[0]
    path = join_paths([_path(hypothesis) for hypothesis in hypotheses], shares, offsets)
    joined = Hypothesis(
        score=sum(float(hypothesis.score) for hypothesis in hypotheses),
        y_sequence=torch.tensor(path.tokens, dtype=torch.long),
        text=decoding.decode_tokens_to_str(path.tokens),
        length=sum(int(hypothesis.length) for hypothesis in hypotheses),
    )
    if all(isinstance(hypothesis.timestep, dict) for hypothesis in hypotheses):
        joined.timestep = compute_timestamps(path, decoding.vocabulary)
    return joined


def _path(hypothesis: Hypothesis) -> FoldedPath:
    tokens = [int(token) for token in hypothesis.y_sequence]
    times = hypothesis.timestep
    if not isinstance(times, dict):
        return FoldedPath(tokens, [0] * len(tokens), [0] * len(tokens))
    return FoldedPath(
        tokens, [entry["start_offset"] for entry in times["char"]], [entry["end_offset"] for entry in times["char"]]
    )
