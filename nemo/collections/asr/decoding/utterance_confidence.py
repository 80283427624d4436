"""How sure a model is of a whole utterance: one number from what its search saw.

After "Confidence-based ensembles of end-to-end speech recognition models", Gitman et al., 2023
(https://arxiv.org/abs/2306.15824): of several models, the one that is most sure is right. S places, V + 1 classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nemo.collections.asr.decoding.confidence import (
    ConfidenceConfig,
    ConfidenceMethodConfig,
    build_aggregation,
    build_frame_confidence,
)
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.utils.exceptions import ConfigError


@dataclass
class ConfidenceSpec:
    """A confidence measure in four words."""

    exclude_blank: bool
    aggregation: str
    """mean, min, max or prod."""
    confidence_type: str
    """max_prob, or entropy with its type and norm: ``entropy_tsallis_exp``."""
    alpha: float

    def to_confidence_config(self) -> ConfidenceConfig:
        """The same as a `confidence_cfg` section.

        Raises:
            ConfigError: a type that is none.
        """
        if self.confidence_type == "max_prob":
            method = ConfidenceMethodConfig(name="max_prob", alpha=self.alpha)
        else:
            words = self.confidence_type.split("_")
            if len(words) != 3 or words[0] != "entropy":
                raise ConfigError(
                    f"confidence_type is {self.confidence_type!r}; expected max_prob or entropy_TYPE_NORM, such as "
                    "entropy_tsallis_exp."
                )
            method = ConfidenceMethodConfig("entropy", words[1], self.alpha, words[2])
        return ConfidenceConfig(exclude_blank=self.exclude_blank, aggregation=self.aggregation, method_cfg=method)


def get_filtered_logprobs(hypothesis: Hypothesis, exclude_blank: bool) -> Tensor:
    """The log-probabilities [S, V + 1] of every place that the search saw.

    Args:
        hypothesis: with `alignments`: of ``transcribe(return_hypotheses=True)`` for CTC, of a decoding with
            ``preserve_alignments: true`` for transducers.
        exclude_blank: leave out places whose best class is the blank, the last; the first stays where all are such.

    Raises:
        ConfigError: the hypothesis has no alignments.
    """
    seen = hypothesis.alignments
    if isinstance(seen, tuple):
        log_probs = seen[0]
    elif isinstance(seen, list) and any(seen):
        log_probs = torch.stack([scores for frame in seen for scores, _ in frame])
    else:
        raise ConfigError(
            "the hypothesis has no alignments. Set decoding.preserve_alignments to true, and transcribe with "
            "return_hypotheses=True."
        )
    if not exclude_blank:
        return log_probs
    kept: Tensor = log_probs[log_probs.argmax(dim=-1) != log_probs.shape[-1] - 1]
    return kept if len(kept) else log_probs[:1]


def compute_confidence(hypothesis: Hypothesis, confidence_cfg: ConfidenceConfig) -> float:
    """One confidence, from 0 to 1, of a whole hypothesis; see :func:`get_filtered_logprobs`.

    Args:
        hypothesis: with `alignments`.
        confidence_cfg: the measure of a place, and how places make one number.
    """
    log_probs = get_filtered_logprobs(hypothesis, confidence_cfg.exclude_blank)
    aggregate = build_aggregation(confidence_cfg.aggregation)
    measure = build_frame_confidence(confidence_cfg.method_cfg)
    return float(aggregate(measure(log_probs).tolist()))
