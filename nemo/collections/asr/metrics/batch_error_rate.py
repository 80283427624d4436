"""The error rate of one batch."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from nemo.collections.asr.metrics.wer import WER


def batch_error_rate(wer: WER, predictions: Tensor, lengths: Tensor, batch: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Rate, errors and words of one batch alone.

    Args:
        wer: decodes and counts; what it counted before is forgotten.
        predictions: what its decoding takes, log-probabilities [B, S, V + 1] or encoder frames [B, H, S].
        lengths: [B] valid frames.
        batch: tokens [B, U] and their numbers [B] are its third and fourth.
    """
    wer.reset()
    wer.update(predictions=predictions, predictions_lengths=lengths, targets=batch[2], targets_lengths=batch[3])
    rates: tuple[Tensor, ...] = wer.compute()
    wer.reset()
    return rates
