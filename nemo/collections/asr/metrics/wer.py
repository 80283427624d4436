"""Word and character error rates: (insertions + deletions + substitutions) / words of the reference.

Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals", 1966.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

logger = logging.getLogger(__name__)


def word_error_rate(hypotheses: Sequence[str], references: Sequence[str], use_cer: bool = False) -> float:
    """Error rate over all pairs together.

    Args:
        hypotheses: what was recognised.
        references: what was said.
        use_cer: count characters (blanks included) and not words.

    Returns:
        Errors by words of the references: 0 is perfect, above 1 is possible; ``inf`` when the references are empty.

    Raises:
        ValueError: the lists differ in length.
    """
    errors, words = count_errors(hypotheses, references, use_cer)
    return _rate(sum(errors), sum(words))


def word_error_rate_detail(
    hypotheses: Sequence[str], references: Sequence[str], use_cer: bool = False
) -> tuple[float, int, float, float, float]:
    """Error rate over all pairs together, and what it is made of.

    Returns:
        ``(rate, words of the references, insertion rate, deletion rate, substitution rate)``; the first is the sum of
        the last three. With no reference words all rates are ``inf``.

    Raises:
        ValueError: the lists differ in length.
    """
    _check_lengths(hypotheses, references)
    levenshtein = require("rapidfuzz.distance.Levenshtein", extra="asr", purpose="The word error rate")
    counts = {"insert": 0, "delete": 0, "replace": 0}
    words = 0
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        target, found = _units(reference, use_cer), _units(hypothesis, use_cer)
        words += len(target)
        for edit in levenshtein.editops(target, found):
            counts[edit.tag] += 1
    rates = [_rate(counts[kind], words) for kind in ("insert", "delete", "replace")]
    return _rate(sum(counts.values()), words), words, rates[0], rates[1], rates[2]


def word_error_rate_per_utt(
    hypotheses: Sequence[str], references: Sequence[str], use_cer: bool = False
) -> tuple[list[float], float]:
    """Error rate of each pair, and of all together.

    Returns:
        ``(rates, rate)``; an empty reference has the rate ``inf``, or 0 when nothing was recognised either.

    Raises:
        ValueError: the lists differ in length.
    """
    errors, words = count_errors(hypotheses, references, use_cer)
    rates = [_rate(wrong, count) if wrong or count else 0.0 for wrong, count in zip(errors, words, strict=True)]
    return rates, _rate(sum(errors), sum(words))


def _rate(errors: int, words: int) -> float:
    return errors / words if words else float("inf")


def _check_lengths(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    if len(hypotheses) != len(references):
        raise ValueError(
            f"There are {len(hypotheses)} hypotheses and {len(references)} references; each hypothesis needs its "
            "reference, in the same order."
        )


def _units(text: str, use_cer: bool) -> Sequence[str]:
    return text if use_cer else text.split()


def count_errors(hypotheses: Sequence[str], references: Sequence[str], use_cer: bool) -> tuple[list[int], list[int]]:
    """Edit distance of each pair and size of each reference."""
    _check_lengths(hypotheses, references)
    distance = require("rapidfuzz.distance.Levenshtein", extra="asr", purpose="The word error rate").distance
    errors, words = [], []
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        target = _units(reference, use_cer)
        errors.append(distance(_units(hypothesis, use_cer), target))
        words.append(len(target))
    return errors, words


class WER(Metric):
    """Word (or character) error rate of a model's outputs, summed over batches and processes.

    Args:
        decoding: a CTC or transducer decoding; it makes text of the predictions.
        use_cer: count characters and not words.
        log_prediction: log one reference and its transcript on each update.
        fold_consecutive: fold repeated labels (CTC).
        batch_dim_index: dimension of the batch in the predictions.
        dist_sync_on_step: as in torchmetrics.
        sync_on_compute: as in torchmetrics.
        **kwargs: other arguments of a torchmetrics ``Metric``.
    """

    full_state_update = True
    scores: Tensor
    words: Tensor

    def __init__(
        self,
        decoding: Any,
        use_cer: bool = False,
        log_prediction: bool = True,
        fold_consecutive: bool = True,
        batch_dim_index: int = 0,
        dist_sync_on_step: bool = False,
        sync_on_compute: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(dist_sync_on_step=dist_sync_on_step, sync_on_compute=sync_on_compute, **kwargs)
        if not any(hasattr(decoding, method) for method in _DECODE_METHODS):
            raise ConfigError(
                f"WER got a decoding of type {type(decoding).__name__}; it expects one with a method "
                f"{' or '.join(_DECODE_METHODS)}, such as CTCDecoding."
            )
        self.decoding = decoding
        self.use_cer = use_cer
        self.log_prediction = log_prediction
        self.fold_consecutive = fold_consecutive
        self.batch_dim_index = batch_dim_index
        self.add_state("scores", default=torch.tensor(0), dist_reduce_fx="sum", persistent=False)
        self.add_state("words", default=torch.tensor(0), dist_reduce_fx="sum", persistent=False)

    def update(
        self, predictions: Tensor, predictions_lengths: Tensor, targets: Tensor, targets_lengths: Tensor, **_: Any
    ) -> None:
        """Adds a batch.

        Args:
            predictions: what the decoding takes: for CTC log-probabilities [B, S, V + 1] or labels [B, S].
            predictions_lengths: [B] valid frames.
            targets: [B, U] token ids of the references.
            targets_lengths: [B].
        """
        if self.batch_dim_index:
            targets = targets.transpose(0, self.batch_dim_index)
        with torch.no_grad():
            references = [
                self.decoding.decode_tokens_to_str(row[:length])
                for row, length in zip(targets.tolist(), targets_lengths.tolist(), strict=True)
            ]
            hypotheses = self._decode(predictions, predictions_lengths)
        if self.log_prediction and references:
            logger.info("reference: %s", references[0])
            logger.info("predicted: %s", hypotheses[0])
        errors, words = count_errors(hypotheses, references, self.use_cer)
        # not in place: after a validation in inference mode the sums are inference tensors
        self.scores = self.scores + sum(errors)
        self.words = self.words + sum(words)

    def compute(self) -> tuple[Tensor, Tensor, Tensor]:
        """``(rate, errors, words)`` of all updates so far; the rate is inf or nan without reference words."""
        scores = self.scores.detach().float()
        return scores / self.words, scores, self.words.detach()

    def _decode(self, predictions: Tensor, lengths: Tensor) -> list[str]:
        if hasattr(self.decoding, "ctc_decoder_predictions_tensor"):
            texts, _ = self.decoding.ctc_decoder_predictions_tensor(
                predictions, decoder_lengths=lengths, fold_consecutive=self.fold_consecutive
            )
        else:
            texts, _ = self.decoding.rnnt_decoder_predictions_tensor(predictions, lengths)
        return [str(text) for text in texts]


_DECODE_METHODS = ("ctc_decoder_predictions_tensor", "rnnt_decoder_predictions_tensor")
