"""What transducer beam searches work with: prefixes of transcripts, and how likely it is that they go on with a token.

T frames, N prefixes, J width of the joint network, K classes.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.decoding.language_model import TokenLanguageModel

MOST_PLACES = 4096
"""Outputs of the prediction network that are kept for prefixes that may come again."""

Tokens = tuple[int, ...]


@dataclass(frozen=True)
class Prefix:
    """Tokens that were found, and how probable all ways to them are."""

    tokens: Tokens = ()
    score: float = 0.0
    """Log-probability, with the language model's part."""
    starts: tuple[int, ...] = ()
    """Frame of each token, on the most probable way."""
    lm_state: int = 0

    def with_score(self, score: float) -> Prefix:
        """The same tokens with another score."""
        return replace(self, score=score)


class PrefixScores:
    """The log-probabilities of an utterance, and its language model.

    Args:
        decoder: the prediction network.
        joint: the joint network.
        frames: [T, J] of the utterance, projected by the joint network.
        blank: class of the blank.
        temperature: divides the scores before they are normalised.
        language_model: n-grams of tokens, or None.
        lm_weight: its weight.
    """

    def __init__(
        self,
        decoder: Any,
        joint: Any,
        frames: Tensor,
        blank: int,
        temperature: float = 1.0,
        language_model: TokenLanguageModel | None = None,
        lm_weight: float = 0.0,
    ) -> None:
        self.blank = blank
        self._decoder, self._joint = decoder, joint
        self._frames = frames
        self._temperature = temperature
        self._language_model, self._lm_weight = language_model, lm_weight
        self._places: OrderedDict[Tokens, tuple[Tensor, list[Tensor]]] = OrderedDict()

    def __len__(self) -> int:
        """T."""
        return len(self._frames)

    def empty(self) -> Prefix:
        """The prefix without tokens."""
        return Prefix(lm_state=self._language_model.start if self._language_model else 0)

    def log_probs(self, prefixes: Sequence[Prefix], times: Sequence[int]) -> Tensor:
        """[N, K] on the CPU: what comes behind each prefix at its frame."""
        self._predict([prefix.tokens for prefix in prefixes])
        places = torch.cat([self._places[prefix.tokens][0] for prefix in prefixes])
        frames = self._frames[torch.tensor(times, device=self._frames.device)].unsqueeze(1)
        scores = self._joint.joint_after_projection(frames, places)[:, 0, 0].float()
        return (scores / self._temperature).log_softmax(dim=-1).cpu()

    def extended(self, prefix: Prefix, token: int, log_prob: float, time: int) -> Prefix:
        """The prefix with one more token, whose log-probability is given."""
        state, score = 0, prefix.score + log_prob
        if self._language_model is not None:
            lm_score, state = self._language_model.score(prefix.lm_state, token)
            score += self._lm_weight * lm_score
        return Prefix((*prefix.tokens, token), score, (*prefix.starts, time), state)

    def best_tokens(self, log_probs: Tensor, count: int) -> list[list[tuple[int, float]]]:
        """For each row of [N, K] the `count` best tokens with their log-probabilities, the blank left out."""
        without_blank = log_probs.clone()
        without_blank[:, self.blank] = -math.inf
        values, tokens = without_blank.topk(min(count, log_probs.shape[1] - 1))
        return [list(zip(*row, strict=True)) for row in zip(tokens.tolist(), values.tolist(), strict=True)]

    def _predict(self, wanted: Sequence[Tokens]) -> None:
        """Sees to it that the prediction network's output is there for each prefix; new ones are computed together."""
        missing = [tokens for tokens in dict.fromkeys(wanted) if tokens not in self._places]
        together = [tokens for tokens in missing if tokens and tokens[:-1] in self._places]
        if together:
            states = [self._places[tokens[:-1]][1] for tokens in together]
            state = [torch.cat(parts, dim=1) for parts in zip(*states, strict=True)]
            last = torch.tensor([[tokens[-1]] for tokens in together], device=self._frames.device)
            self._keep(together, *self._decoder.predict(last, state, add_sos=False))
        for tokens in missing:
            if tokens not in self._places:  # the first, or one whose beginning was forgotten
                whole = torch.tensor([tokens], device=self._frames.device) if tokens else None
                output, state = self._decoder.predict(whole, None, add_sos=bool(tokens), batch_size=1)
                self._keep([tokens], output[:, -1:], state)
        for tokens in wanted:
            self._places.move_to_end(tokens)
        while len(self._places) > max(MOST_PLACES, 2 * len(wanted)):
            self._places.popitem(last=False)

    def _keep(self, prefixes: Sequence[Tokens], outputs: Tensor, state: list[Tensor]) -> None:
        places = self._joint.project_prednet(outputs)
        for row, tokens in enumerate(prefixes):
            self._places[tokens] = (places[row : row + 1], [part[:, row : row + 1] for part in state])


def log_add(one: float, other: float) -> float:
    """``ln(e^one + e^other)``."""
    high, low = max(one, other), min(one, other)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def merged(prefixes: Sequence[Prefix]) -> list[Prefix]:
    """Equal prefixes made one, their probabilities added; the times are those of the more probable."""
    found: dict[Tokens, Prefix] = {}
    for prefix in prefixes:
        same = found.get(prefix.tokens)
        if same is None:
            found[prefix.tokens] = prefix
        else:
            likelier = max(same, prefix, key=lambda each: each.score)
            found[prefix.tokens] = likelier.with_score(log_add(same.score, prefix.score))
    return list(found.values())


def best(prefixes: Sequence[Prefix], count: int) -> list[Prefix]:
    """The most probable ones, in order; of equally probable ones those that came first."""
    return sorted(prefixes, key=lambda prefix: -prefix.score)[:count]


def with_paths_from_prefixes(
    scores: PrefixScores, prefixes: Sequence[Prefix], time: int, longest: int | None = None
) -> list[Prefix]:
    """Adds to each prefix the ways that lead to it at this frame from shorter ones of the list (Graves, 2012).

    Args:
        scores: of the utterance.
        prefixes: those that reached the frame, each once.
        time: the frame.
        longest: how many tokens at most may be written at the frame; None: any number.

    Returns:
        The prefixes, the longest first.
    """
    # the longest first, so that what is added to a prefix has not itself been added to
    ordered = sorted(prefixes, key=lambda prefix: -len(prefix.tokens))
    found = []
    for position, prefix in enumerate(ordered):
        total = prefix.score
        for shorter in ordered[position + 1 :]:
            tokens = prefix.tokens[len(shorter.tokens) :]
            if (
                tokens
                and prefix.tokens[: len(shorter.tokens)] == shorter.tokens
                and len(tokens) <= (len(tokens) if longest is None else longest)
            ):
                way = shorter
                for token in tokens:
                    log_prob = float(scores.log_probs([way], [time])[0, token])
                    way = scores.extended(way, token, log_prob, time)
                total = log_add(total, way.score)
        found.append(prefix.with_score(total))
    return found
