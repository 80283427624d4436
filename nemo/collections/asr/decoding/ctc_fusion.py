"""What beam search adds to the scores of token sequences: a language model of tokens, and sums of such parts.

A fusion is an automaton. A state stands for all that the sequence so far means to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from nemo.collections.asr.decoding.language_model import TokenLanguageModel


class Fusion(Protocol):
    """Scores of token sequences, token by token."""

    @property
    def most(self) -> float:
        """No token adds more than this, which is at least 0; infinity if that is not known."""

    def start(self) -> int:
        """The state before any token. What was kept for an earlier search may be forgotten."""

    def extend(self, states: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """What the tokens [N] add behind the states [N] (double), and the states behind them."""

    def finish(self, states: Tensor) -> Tensor:
        """What the end adds behind the states [N] (double)."""


@dataclass
class TokenFusion:
    """A language model whose words are tokens.

    Args:
        model: the n-grams.
        alpha: their weight.
        beta: added for each token.
    """

    model: TokenLanguageModel
    alpha: float
    beta: float = 0.0

    @property
    def most(self) -> float:
        """See :class:`Fusion`; a logarithm of a probability is at most 0."""
        return max(0.0, self.beta) if self.alpha >= 0 else math.inf

    def start(self) -> int:
        """See :class:`Fusion`."""
        return self.model.start

    def extend(self, states: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See :class:`Fusion`."""
        log_probs, following = self.model.advance(states, tokens)
        return self.alpha * log_probs + self.beta, following

    def finish(self, states: Tensor) -> Tensor:
        """See :class:`Fusion`."""
        return self.alpha * self.model.ends(states)


_BITS = 31


@dataclass
class SumFusion:
    """Two fusions; their states, each below 2^31, lie in one number."""

    one: Fusion
    other: Fusion

    @property
    def most(self) -> float:
        """See :class:`Fusion`."""
        return self.one.most + self.other.most

    def start(self) -> int:
        """See :class:`Fusion`."""
        return (self.one.start() << _BITS) + self.other.start()

    def extend(self, states: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See :class:`Fusion`."""
        first, after = self.one.extend(states >> _BITS, tokens)
        second, behind = self.other.extend(states & ((1 << _BITS) - 1), tokens)
        return first + second, (after << _BITS) + behind

    def finish(self, states: Tensor) -> Tensor:
        """See :class:`Fusion`."""
        return self.one.finish(states >> _BITS) + self.other.finish(states & ((1 << _BITS) - 1))
