"""Joins what was recognised in overlapping pieces of a recording, where nothing says when each token was spoken.

    ... the quick brown fox ju
            quick brown fox jumps over ...
    ... the quick brown fox jumps over ...

The longest row of tokens that both have in the overlap is looked for, and the text goes from one piece to the other in
its middle: what lies at the very edge of a piece, often wrong, is taken from the piece that hears it whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

import torch

from nemo.collections.asr.decoding.hypothesis import Hypothesis

FEWEST_IN_COMMON = 2
"""One token alone agrees by chance."""
SPARE_TOKENS = 4
"""Looked at beyond the share of the tokens that the overlap should have: speech is not even."""


def join_tokens(left: Sequence[int], right: Sequence[int], shared_left: float, shared_right: float) -> list[int]:
    """Tokens of two neighbouring pieces as one row.

    Args:
        left: tokens of all that went before.
        right: tokens of the later piece.
        shared_left: how many at the end of `left` should be in the overlap.
        shared_right: how many at the beginning of `right` should.

    Returns:
        The joined tokens; all of both, one after the other, where they have no two tokens in a row in common.
    """
    tail = min(len(left), math.ceil(1.5 * shared_left) + SPARE_TOKENS)
    head = min(len(right), math.ceil(1.5 * shared_right) + SPARE_TOKENS)
    begin = len(left) - tail
    match = SequenceMatcher(None, left[begin:], right[:head], autojunk=False).find_longest_match(0, tail, 0, head)
    if match.size < FEWEST_IN_COMMON:
        return [*left, *right]
    half = match.size // 2
    return [*left[: begin + match.a + half], *right[match.b + half :]]


def join_hypotheses(
    hypotheses: Sequence[Hypothesis], shares: Sequence[float], to_text: Callable[[list[int]], str]
) -> Hypothesis:
    """One hypothesis of those of all pieces of a recording.

    Args:
        hypotheses: at least one, in order; `y_sequence` has the tokens of the text, and no others.
        shares: part of a piece that it shares with the next one; one fewer than hypotheses. 0: nothing is shared.
        to_text: makes text of the joined tokens.

    Returns:
        The score is the sum of all, and so counts overlaps twice. One hypothesis alone comes back as it is.
    """
    if len(hypotheses) == 1:
        return hypotheses[0]
    pieces = [[int(token) for token in hypothesis.y_sequence] for hypothesis in hypotheses]
    tokens = pieces[0]
    for before, piece, share in zip(pieces[:-1], pieces[1:], shares, strict=True):
        is_shared = share > 0
        tokens = join_tokens(tokens, piece, share * len(before), share * len(piece)) if is_shared else tokens + piece
    return Hypothesis(
        score=sum(float(hypothesis.score) for hypothesis in hypotheses),
        y_sequence=torch.tensor(tokens, dtype=torch.long),
        text=to_text(tokens),
        length=sum(int(hypothesis.length) for hypothesis in hypotheses),
    )
