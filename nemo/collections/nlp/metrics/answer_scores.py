"""How well answers agree with right ones, by the definition of SQuAD: exact match and F1 of words.

Rajpurkar et al., 2016 (https://arxiv.org/abs/1606.05250), section 6.1; 2018 (https://arxiv.org/abs/1806.03822) for
questions without an answer. Before they are compared, texts are put in lower case and lose punctuation and articles.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str) -> str:
    """The text in lower case without punctuation and articles, single spaces between words."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split())


def exact_match_score(prediction: str, ground_truth: str) -> int:
    """1 if both texts are the same after :func:`normalize_answer`, otherwise 0."""
    return int(normalize_answer(prediction) == normalize_answer(ground_truth))


def f1_score(prediction: str, ground_truth: str) -> float:
    """F1 of the words of both texts after :func:`normalize_answer`, 0 to 1; two empty ones agree."""
    given, right = normalize_answer(prediction).split(), normalize_answer(ground_truth).split()
    if not given or not right:
        return float(given == right)
    common = sum((Counter(given) & Counter(right)).values())
    return 2 * common / (len(given) + len(right))


class QAMetrics:
    """Scores of answers, under the names of the original."""

    @staticmethod
    def normalize_answer(text: str) -> str:
        """See :func:`normalize_answer`."""
        return normalize_answer(text)

    @staticmethod
    def get_normalized_tokens(text: str) -> list[str]:
        """Words of the normalized text."""
        return normalize_answer(text).split()

    @staticmethod
    def get_one_exact_match(prediction: str, ground_truth: str) -> int:
        """See :func:`exact_match_score`."""
        return exact_match_score(prediction, ground_truth)

    @staticmethod
    def get_one_f1(prediction: str, ground_truth: str) -> float:
        """See :func:`f1_score`."""
        return f1_score(prediction, ground_truth)

    @staticmethod
    def get_exact_match(predictions: Sequence[str], ground_truths: Sequence[str | Sequence[str]]) -> float:
        """Percent of the predictions that are one of their right answers.

        Raises:
            ValueError: another number of right answers.
        """
        return _mean(exact_match_score, predictions, ground_truths)

    @staticmethod
    def get_f1(predictions: Sequence[str], ground_truths: Sequence[str | Sequence[str]]) -> float:
        """Mean F1 in percent, each prediction with the right answer that is nearest.

        Raises:
            ValueError: another number of right answers.
        """
        return _mean(f1_score, predictions, ground_truths)


def squad_scores(predictions: Mapping[str, str], right_answers: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Scores of a set, in percent, as SQuAD's evaluation gives them.

    Args:
        predictions: id of a question -> answer, an empty text for none.
        right_answers: id -> right answers; an empty text among them says that there is none.

    Returns:
        `exact`, `f1` and `total`; where both kinds come, also `HasAns_...` and `NoAns_...`. A question without a
        prediction counts as wrong.
    """
    answerable = [identity for identity, right in right_answers.items() if any(map(normalize_answer, right))]
    groups: dict[str, list[str]] = {"": list(right_answers)}
    if 0 < len(answerable) < len(right_answers):
        known = set(answerable)
        groups["HasAns_"] = answerable
        groups["NoAns_"] = [identity for identity in right_answers if identity not in known]
    scores: dict[str, float] = {}
    for prefix, group in groups.items():
        for name, score in (("exact", exact_match_score), ("f1", f1_score)):
            values = [_best(score, predictions.get(identity), right_answers[identity]) for identity in group]
            scores[prefix + name] = 100.0 * sum(values) / max(len(values), 1)
        scores[prefix + "total"] = len(group)
    return scores


def _best(score: Any, prediction: str | None, right: Sequence[str]) -> float:
    if prediction is None:
        return 0.0
    # as in SQuAD's evaluation: answers of which nothing is left do not count, unless there is no other
    kept = [answer for answer in right if normalize_answer(answer)] or [""]
    return max(float(score(prediction, answer)) for answer in kept)


def _mean(score: Any, predictions: Sequence[str], right: Sequence[str | Sequence[str]]) -> float:
    pairs = zip(predictions, right, strict=True)
    values = [_best(score, given, [known] if isinstance(known, str) else known) for given, known in pairs]
    return 100.0 * sum(values) / max(len(values), 1)
