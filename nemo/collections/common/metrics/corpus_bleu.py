"""BLEU of a corpus, from sums that batches and processes can add up (Papineni et al., 2002).

Words are those of sacrebleu's tokenizer 13a.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def bleu_counts(hypotheses: Sequence[str], references: Sequence[str]) -> Tensor:
    """What BLEU is computed from: lengths of both, n-grams in common and n-grams found for n = 1 .. 4, as [10].

    Raises:
        ValueError: the lists differ in length.
    """
    from torchmetrics.text import SacreBLEUScore

    if len(hypotheses) != len(references):
        raise ValueError(
            f"There are {len(hypotheses)} hypotheses and {len(references)} references; each hypothesis needs its "
            "reference, in the same order."
        )
    metric = SacreBLEUScore()
    if hypotheses:
        metric.update(list(hypotheses), [[reference] for reference in references])
    lengths = torch.stack([metric.preds_len, metric.target_len])
    return torch.cat([lengths, metric.numerator, metric.denominator]).float()


def bleu_of_counts(counts: Tensor) -> Tensor:
    """BLEU between 0 and 100 of a sum [10] of :func:`bleu_counts`; 0 where no four words in a row are right."""
    found_length, length = counts[0], counts[1]
    common, found = counts[2:6], counts[6:10]
    if common.min() == 0:
        return counts.new_zeros(())
    precision = (common / found).log().mean().exp()
    brevity = torch.exp(1 - length / found_length).clamp(max=1.0)
    return 100.0 * brevity * precision
