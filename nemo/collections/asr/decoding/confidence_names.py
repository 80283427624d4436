"""The names that configs give to confidence measures, and the measure of each name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from nemo.collections.asr.decoding.confidence import (
    AGGREGATIONS,
    ENTROPIES,
    Aggregation,
    entropy_confidence,
    max_prob_confidence,
)

Measure = Callable[[Tensor, int, float], Tensor]
"""Of log-probabilities [..., V], V and alpha: confidences [...] in [0, 1]."""


class ConfidenceMethodConstants:
    """What the keys of a `method_cfg` may be."""

    NAMES = ("max_prob", "entropy")
    ENTROPY_TYPES = ("gibbs", "tsallis", "renyi")
    ENTROPY_NORMS = ("lin", "exp")

    @classmethod
    def print(cls) -> str:
        """A line that lists them."""
        return f"{cls.__name__}: " + str(
            {"NAMES": cls.NAMES, "ENTROPY_TYPES": cls.ENTROPY_TYPES, "ENTROPY_NORMS": cls.ENTROPY_NORMS}
        )


class ConfidenceConstants:
    """What `aggregation` of a `confidence_cfg` may be."""

    AGGREGATIONS = ("mean", "min", "max", "prod")

    @classmethod
    def print(cls) -> str:
        """A line that lists them."""
        return f"{cls.__name__}: " + str({"AGGREGATIONS": cls.AGGREGATIONS})


def get_confidence_measure_bank() -> dict[str, Measure]:
    """Every measure by name: ``max_prob``, ``entropy_gibbs_lin``, ``entropy_tsallis_exp`` ...

    Each takes log-probabilities [..., V], V and alpha, and gives confidences [...].
    """
    bank: dict[str, Measure] = {"max_prob": lambda log_probs, _classes, alpha: max_prob_confidence(log_probs, alpha)}
    for kind in ENTROPIES:
        for norm in ConfidenceMethodConstants.ENTROPY_NORMS:
            bank[f"entropy_{kind}_{norm}"] = partial(_entropy, kind, norm)
    return bank


def get_confidence_aggregation_bank() -> dict[str, Callable[..., float]]:
    """Every aggregation by name; each makes one number of several, from a list or a tensor."""
    return {name: partial(_aggregated, aggregate) for name, aggregate in AGGREGATIONS.items()}


def _entropy(kind: str, norm: str, log_probs: Tensor, _classes: int, alpha: float) -> Tensor:
    return entropy_confidence(log_probs, kind, alpha, norm)


def _aggregated(aggregate: Aggregation, values: list[float] | Tensor) -> float:
    return aggregate(values.tolist() if isinstance(values, torch.Tensor) else values)
