"""Hypotheses of a recogniser in a new order, by its own score and that of a language model."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.utils.exceptions import ConfigError


@dataclass
class Hypotheses:
    """What a beam search found for one recording, the best first."""

    texts: list[str]
    scores: list[float]
    """Of the recogniser, natural logarithms."""
    lm_scores: list[float]
    """Of the language model, natural logarithms."""

    def best(self, alpha: float, beta: float) -> str:
        """The text with the best score + alpha * lm_score + beta * words."""
        totals = [
            score + alpha * lm_score + beta * len(text.split())
            for text, score, lm_score in zip(self.texts, self.scores, self.lm_scores, strict=True)
        ]
        return self.texts[totals.index(max(totals))]


def read_hypotheses(path: str, beam_size: int, score: Callable[[list[str]], Sequence[float]]) -> list[Hypotheses]:
    """Hypotheses from a file with ``text<TAB>score`` on each line, `beam_size` lines for each recording.

    Args:
        path: the file.
        beam_size: lines of each recording.
        score: gives the language model's score of texts.

    Raises:
        TextFileError: a line has no score, or the number of lines is no multiple of `beam_size`.
    """
    texts, scores = [], []
    lines = read_lines(path)
    for line in lines:
        text, tab, number = line.text.rpartition("\t")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not tab or not math.isfinite(value):
            raise TextFileError(f"{line.place} is {line.text[:60]!r}. Expected text<TAB>score; mend the line.")
        texts.append(text)
        scores.append(value)
    if beam_size < 1 or len(texts) % beam_size:
        raise TextFileError(
            f"{path} has {len(texts)} lines, and beam_size is {beam_size}. Expected as many lines for each recording; "
            "give the beam size with which the file was written."
        )
    lm_scores = list(score(texts))
    groups = [slice(start, start + beam_size) for start in range(0, len(texts), beam_size)]
    return [Hypotheses(texts[group], scores[group], lm_scores[group]) for group in groups]


def best_weights(
    hypotheses: Sequence[Hypotheses],
    errors: Callable[[list[str]], float],
    alphas: Sequence[float],
    betas: Sequence[float],
) -> tuple[float, float, float]:
    """The weights with which the chosen texts have fewest errors.

    Args:
        hypotheses: of each recording.
        errors: the error rate of one text for each recording.
        alphas: weights of the language model that are tried.
        betas: weights of the number of words that are tried.

    Returns:
        alpha, beta, and the error rate with them; of equal ones the first.
    """
    if not len(alphas) or not len(betas):
        raise ConfigError("No weights are given. Expected at least one alpha and one beta.")
    tried = [
        (errors([each.best(alpha, beta) for each in hypotheses]), alpha, beta) for alpha in alphas for beta in betas
    ]
    rate, alpha, beta = min(tried, key=lambda found: found[0])
    return alpha, beta, rate
