"""Small n-gram models from text, for subwords and domains; larger ones are KenLM's business.

Interpolated Witten-Bell smoothing (Witten and Bell, 1991; Chen and Goodman, 1999): with c occurrences of a context and
T different words behind it,

    p(w | context) = (c(context w) + T p(w | shorter context)) / (c + T)

which is a back-off model with the weight T / (c + T). The words themselves are smoothed with equal shares for all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from nemo.collections.asr.decoding.arpa import BEGIN, END, UNKNOWN, UNKNOWN_LOG10, Entry
from nemo.utils.exceptions import ConfigError

Gram = tuple[str, ...]


def estimate_ngrams(sentences: Iterable[Sequence[str]], order: int) -> list[dict[Gram, Entry]]:
    """Counts words and smooths their probabilities.

    Args:
        sentences: words of each.
        order: length of the longest n-grams.

    Returns:
        What :func:`~nemo.collections.asr.decoding.arpa.write_arpa` writes.

    Raises:
        ConfigError: no sentence, or an order below 1.
    """
    if order < 1:
        raise ConfigError(f"the order of the n-gram model is {order}; expected at least 1.")
    counts: list[Counter[Gram]] = [Counter() for _ in range(order)]
    for sentence in sentences:
        words = (BEGIN, *sentence, END)
        for place in range(1, len(words)):
            for length in range(1, min(order, place + 1) + 1):
                counts[length - 1][words[place - length + 1 : place + 1]] += 1
    if not counts[0]:
        raise ConfigError("there are no sentences to make an n-gram model of; the text is empty.")
    probabilities: dict[Gram, float] = {}
    weights: dict[Gram, float] = {}
    for grams in counts:
        _smooth(grams, probabilities, weights)
    levels = [
        {gram: (math.log10(probabilities[gram]), _log10(weights.get(gram))) for gram in sorted(grams)}
        for grams in counts
    ]
    known = len(counts[0]) + 1  # and the unknown word
    unknown = weights[()] / known
    start = {(BEGIN,): (UNKNOWN_LOG10 + 1, _log10(weights.get((BEGIN,)))), (UNKNOWN,): (math.log10(unknown), None)}
    return [start | levels[0], *levels[1:]]


def _smooth(grams: Counter[Gram], probabilities: dict[Gram, float], weights: dict[Gram, float]) -> None:
    """Adds the probabilities of n-grams of one length, and the weights of their contexts."""
    seen: Counter[Gram] = Counter()
    kinds: Counter[Gram] = Counter()
    for gram, count in grams.items():
        seen[gram[:-1]] += count
        kinds[gram[:-1]] += 1
    for context, total in seen.items():
        weights[context] = kinds[context] / (total + kinds[context])
    for gram, count in grams.items():
        context = gram[:-1]
        shorter = probabilities[gram[1:]] if context else 1 / (len(grams) + 1)
        probabilities[gram] = count / (seen[context] + kinds[context]) + weights[context] * shorter


def _log10(value: float | None) -> float | None:
    return None if value is None else math.log10(value)
