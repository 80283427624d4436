"""How sure a model is of its frames, tokens and words.

From the entropy of each frame's distribution, normalised so that a uniform distribution gives 0 and a certain one 1:
Laptev and Ginsburg, "Fast entropy-based methods of word-level confidence estimation for end-to-end automatic speech
recognition", 2022 (https://arxiv.org/abs/2212.08703). Tokens and words take theirs from their frames.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError

Aggregation = Callable[[Sequence[float]], float]


@dataclass
class ConfidenceMethodConfig:
    """How a frame's distribution becomes one number."""

    name: str = "entropy"
    """entropy, or max_prob: the probability of the best class."""
    entropy_type: str = "tsallis"
    """gibbs (Shannon's when alpha is 1), tsallis or renyi."""
    alpha: float = 0.33
    """Power on the probabilities; below 1 it makes the measure look at the unlikely classes more. Greater than 0."""
    entropy_norm: str = "exp"
    """lin, or exp: the exponential of the entropy, which keeps to the high numbers."""
    temperature: str = "DEPRECATED"
    """The name of alpha before release 1.19."""


@dataclass
class ConfidenceConfig:
    """`confidence_cfg` of a decoding section."""

    preserve_frame_confidence: bool = False
    preserve_token_confidence: bool = False
    preserve_word_confidence: bool = False
    exclude_blank: bool = True
    """True: a token's confidence comes from its own frames; False: from the blanks after it as well."""
    aggregation: str = "min"
    """How frames make a token and tokens make a word: mean, min, max or prod."""
    method_cfg: ConfidenceMethodConfig = field(default_factory=ConfidenceMethodConfig)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


AGGREGATIONS: dict[str, Aggregation] = {"mean": _mean, "min": min, "max": max, "prod": math.prod}


def build_aggregation(name: str, where: str = "confidence_cfg.aggregation") -> Aggregation:
    """The function that makes one confidence of several.

    Raises:
        ConfigError: no such aggregation.
    """
    if name not in AGGREGATIONS:
        raise ConfigError(f"{where} is {name!r}; it may be {', '.join(AGGREGATIONS)}.")
    return AGGREGATIONS[name]


def build_frame_confidence(method: Any, where: str = "confidence_cfg.method_cfg") -> Callable[[Tensor], Tensor]:
    """The measure that `method` (a :class:`ConfidenceMethodConfig` or the like) asks for.

    Returns:
        A function from log-probabilities [..., V] to confidences [...] in [0, 1].

    Raises:
        ConfigError: an unknown name, or an alpha that is not positive.
    """
    alpha = float(method.alpha)
    if alpha <= 0:
        raise ConfigError(f"{where}.alpha is {alpha}; it must be greater than 0.")
    if method.name == "max_prob":
        return lambda log_probs: max_prob_confidence(log_probs, alpha)
    if method.name != "entropy":
        raise ConfigError(f"{where}.name is {method.name!r}; it may be entropy or max_prob.")
    if method.entropy_type not in ENTROPIES:
        raise ConfigError(f"{where}.entropy_type is {method.entropy_type!r}; it may be {', '.join(ENTROPIES)}.")
    if method.entropy_norm not in ("lin", "exp"):
        raise ConfigError(f"{where}.entropy_norm is {method.entropy_norm!r}; it may be lin or exp.")
    return lambda log_probs: entropy_confidence(log_probs, method.entropy_type, alpha, method.entropy_norm)


def max_prob_confidence(log_probs: Tensor, alpha: float = 1.0) -> Tensor:
    """``(V p^alpha - 1) / (V - 1)`` of the best class, V classes; [..., V] -> [...], not below 0."""
    classes = log_probs.shape[-1]
    return ((classes * (log_probs.amax(dim=-1) * alpha).exp() - 1) / (classes - 1)).clamp(0.0, 1.0)


def entropy_confidence(log_probs: Tensor, entropy_type: str, alpha: float, norm: str) -> Tensor:
    """One minus the entropy, scaled by the entropy of the uniform distribution.

    Args:
        log_probs: [..., V].
        entropy_type: a key of :data:`ENTROPIES`.
        alpha: its power.
        norm: ``lin`` for ``1 - h / h_max``; ``exp`` for ``(e^-h - e^-h_max) / (1 - e^-h_max)``.

    Returns:
        [...] in [0, 1].
    """
    classes = log_probs.shape[-1]
    entropy = ENTROPIES[entropy_type](log_probs, alpha)
    # of the uniform distribution; in double, on one row
    uniform = torch.full((classes,), -math.log(classes), dtype=torch.float64)
    largest = float(ENTROPIES[entropy_type](uniform, alpha))
    if norm == "lin":
        return (1 - entropy / largest).clamp(0.0, 1.0)
    return ((torch.exp(-entropy) - math.exp(-largest)) / -math.expm1(-largest)).clamp(0.0, 1.0)


def _power_sum_log(log_probs: Tensor, alpha: float) -> Tensor:
    """``ln sum p^alpha``."""
    return torch.logsumexp(log_probs * alpha, dim=-1)


def gibbs_entropy(log_probs: Tensor, alpha: float) -> Tensor:
    """``-sum p^alpha ln p^alpha``; Shannon's entropy in nats for alpha 1."""
    scaled = log_probs * alpha
    return torch.special.entr(scaled.exp()).sum(dim=-1)


def tsallis_entropy(log_probs: Tensor, alpha: float) -> Tensor:
    """``(1 - sum p^alpha) / (alpha - 1)``; its limit, Shannon's, for alpha 1."""
    if alpha == 1.0:
        return gibbs_entropy(log_probs, 1.0)
    return torch.expm1(_power_sum_log(log_probs, alpha)) / (1 - alpha)


def renyi_entropy(log_probs: Tensor, alpha: float) -> Tensor:
    """``ln(sum p^alpha) / (1 - alpha)`` in nats; its limit, Shannon's, for alpha 1."""
    if alpha == 1.0:
        return gibbs_entropy(log_probs, 1.0)
    return _power_sum_log(log_probs, alpha) / (1 - alpha)


ENTROPIES: dict[str, Callable[[Tensor, float], Tensor]] = {
    "gibbs": gibbs_entropy,
    "tsallis": tsallis_entropy,
    "renyi": renyi_entropy,
}


def token_confidences(
    frames: Sequence[float],
    starts: Sequence[int],
    ends: Sequence[int],
    aggregate: Aggregation,
    exclude_blank: bool = True,
) -> list[float]:
    """Confidence of each token from the frames that it covers.

    Args:
        frames: confidence of each valid frame.
        starts: first frame of each token.
        ends: frame after its last.
        aggregate: what makes one number of several.
        exclude_blank: False gives a token the blank frames up to the next one too, and the first those before it.
    """
    if not exclude_blank and starts:
        starts = [0, *starts[1:]]
        ends = [*starts[1:], len(frames)]
    return [aggregate(frames[start:end]) for start, end in zip(starts, ends, strict=True)]


def word_confidences(
    tokens: Sequence[float], word_spans: Sequence[tuple[int, int]], aggregate: Aggregation
) -> list[float]:
    """Confidence of each word from its tokens."""
    return [aggregate(tokens[first:end]) for first, end in word_spans]
