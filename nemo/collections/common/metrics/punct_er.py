"""Punctuation error rate (Meister et al., "LibriSpeech-PC", 2023, arXiv:2310.02943).

Words and punctuation marks of reference and hypothesis are aligned with the fewest edits, a mark being equal to any
mark. Then, with C marks correct, S taken for another mark, D deleted and I inserted,

    PER = (S + D + I) / (C + S + D + I).

Errors of words do not count, but a mark that stands where the other text has a word is deleted or inserted. Of several
alignments with the fewest edits, one with the most equal words counts, of those one with the fewest errors of marks.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

CORRECT, DELETIONS, INSERTIONS, SUBSTITUTIONS = "Correct", "Deletions", "Insertions", "Substitutions"
OPERATIONS = (CORRECT, DELETIONS, INSERTIONS, SUBSTITUTIONS)

Counts = dict[str, dict[str, int]]
Rates = dict[str, dict[str, float]]
Token = tuple[str, str]
"""A word or mark, and what it is aligned by."""
Cost = tuple[int, int, int, int]
"""Edits, equal words (negated), errors of marks, equal marks (negated): less is better, the first counts most."""


class PunctuationErrorRates(NamedTuple):
    """Shares of all C + S + D + I; 0 where there are no marks."""

    correct_rate: float
    deletions_rate: float
    insertions_rate: float
    substitutions_rate: float
    punct_er: float
    operation_rates: Rates
    """Mark -> operation -> share of the mark's operations; a substituted mark is that of the reference."""
    substitution_rates: Rates
    """Mark of the reference -> mark of the hypothesis -> share of the mark's operations."""


class OccurancePunctuationErrorRate:
    """Counts and rates of one pair of texts (the spelling is the original's).

    Args:
        punctuation_marks: the marks, one character each.
        punctuation_mask: what stands for any mark while texts are aligned; no word may be equal to it.

    Raises:
        ConfigError: no marks.
    """

    def __init__(self, punctuation_marks: Sequence[str], punctuation_mask: str = "[PUNCT]") -> None:
        if not punctuation_marks:
            raise ConfigError("punctuation_marks is empty; expected a list such as ['.', ',', '?'].")
        self.punctuation_marks = list(punctuation_marks)
        self.punctuation_mask = punctuation_mask

    def compute(self, reference: str, hypothesis: str) -> tuple[Counts, Counts, PunctuationErrorRates]:
        """Operations by mark, substitutions by pair of marks, and their rates."""
        operations, substitutions = self.compute_operation_amounts(reference, hypothesis)
        return operations, substitutions, self.compute_rates(operations, substitutions)

    def compute_operation_amounts(self, reference: str, hypothesis: str) -> tuple[Counts, Counts]:
        """How often each mark was correct, deleted, inserted or substituted, and for which it was substituted."""
        operations: Counts = {mark: dict.fromkeys(OPERATIONS, 0) for mark in self.punctuation_marks}
        substitutions: Counts = {mark: dict.fromkeys(self.punctuation_marks, 0) for mark in self.punctuation_marks}
        for target, found in _aligned(self._tokens(reference), self._tokens(hypothesis), self.punctuation_mask):
            has_target, has_found = target in operations, found in operations
            if has_target and has_found:
                operations[target][CORRECT if target == found else SUBSTITUTIONS] += 1
                substitutions[target][found] += int(target != found)
            elif has_target:
                operations[target][DELETIONS] += 1
            elif has_found:
                operations[found][INSERTIONS] += 1
        return operations, substitutions

    def compute_rates(self, operation_amounts: Counts, substitution_amounts: Counts) -> PunctuationErrorRates:
        """The rates of counts, which may be sums over several pairs of texts."""
        sums = {mark: sum(counts.values()) for mark, counts in operation_amounts.items()}
        total = sum(sums.values())
        of = {operation: sum(counts[operation] for counts in operation_amounts.values()) for operation in OPERATIONS}
        return PunctuationErrorRates(
            correct_rate=_share(of[CORRECT], total),
            deletions_rate=_share(of[DELETIONS], total),
            insertions_rate=_share(of[INSERTIONS], total),
            substitutions_rate=_share(of[SUBSTITUTIONS], total),
            punct_er=_share(total - of[CORRECT], total),
            operation_rates=_shares(operation_amounts, sums),
            substitution_rates=_shares(substitution_amounts, sums),
        )

    def _tokens(self, text: str) -> list[Token]:
        """Words and marks, each with what it is aligned by."""
        for mark in self.punctuation_marks:
            text = text.replace(mark, f" {mark} ")
        marks = set(self.punctuation_marks)
        return [(word, self.punctuation_mask if word in marks else word) for word in text.split()]


class DatasetPunctuationErrorRate:
    """Rates of all pairs of texts together, after :meth:`compute`.

        rates = DatasetPunctuationErrorRate(references, hypotheses, punctuation_marks=[".", ",", "?"])
        rates.compute()
        rates.punct_er, rates.operation_rates["."]

    Args:
        references: what is right.
        hypotheses: what was recognised, in the same order.
        punctuation_marks: the marks, one character each.
        punctuation_mask: what stands for any mark while texts are aligned.

    Raises:
        ConfigError: the lists differ in length, or no marks.
    """

    def __init__(
        self,
        references: Sequence[str],
        hypotheses: Sequence[str],
        punctuation_marks: Sequence[str],
        punctuation_mask: str = "[PUNCT]",
    ) -> None:
        if len(references) != len(hypotheses):
            raise ConfigError(
                f"There are {len(references)} references and {len(hypotheses)} hypotheses; each reference needs its "
                f"hypothesis, in the same order."
            )
        self.references, self.hypotheses = list(references), list(hypotheses)
        self.punctuation_marks, self.punctuation_mask = list(punctuation_marks), punctuation_mask
        self.oper_obj = OccurancePunctuationErrorRate(punctuation_marks, punctuation_mask)
        self.reset()

    def reset(self) -> None:
        """Forgets what was computed."""
        marks = self.punctuation_marks
        self.operation_amounts: Counts = {mark: dict.fromkeys(OPERATIONS, 0) for mark in marks}
        self.substitution_amounts: Counts = {mark: dict.fromkeys(marks, 0) for mark in marks}
        self._set_rates()

    def compute(self) -> None:
        """Computes the rates of all pairs; they are attributes named as in :class:`PunctuationErrorRates`."""
        self.reset()
        for reference, hypothesis in zip(self.references, self.hypotheses, strict=True):
            operations, substitutions = self.oper_obj.compute_operation_amounts(reference, hypothesis)
            _add(self.operation_amounts, operations)
            _add(self.substitution_amounts, substitutions)
        self._set_rates()

    def _set_rates(self) -> None:
        rates = self.oper_obj.compute_rates(self.operation_amounts, self.substitution_amounts)
        self.correct_rate, self.deletions_rate = rates.correct_rate, rates.deletions_rate
        self.insertions_rate, self.substitutions_rate = rates.insertions_rate, rates.substitutions_rate
        self.punct_er = rates.punct_er
        self.operation_rates, self.substitution_rates = rates.operation_rates, rates.substitution_rates

    def __str__(self) -> str:
        """A table of the rates in percent."""
        rows: list[tuple[str, ...]] = [("mark", *OPERATIONS)]
        rows += [
            (mark, *(f"{100 * rate:.2f}" for rate in rates.values())) for mark, rates in self.operation_rates.items()
        ]
        overall = (self.correct_rate, self.deletions_rate, self.insertions_rate, self.substitutions_rate)
        rows.append(("all", *(f"{100 * rate:.2f}" for rate in overall)))
        lines = ["  ".join(f"{cell:>13}" for cell in row) for row in rows]
        return "\n".join([*lines, f"punctuation error rate: {100 * self.punct_er:.2f} %"])

    def print(self) -> None:
        """Logs the table."""
        logger.info("%s", self)


def punctuation_error_rate(
    references: Sequence[str],
    hypotheses: Sequence[str],
    punctuation_marks: Sequence[str],
    punctuation_mask: str = "[PUNCT]",
) -> float:
    """The rate of all pairs of texts together: 0 is perfect, 1 the worst; 0 where there are no marks."""
    rates = DatasetPunctuationErrorRate(references, hypotheses, punctuation_marks, punctuation_mask)
    rates.compute()
    return rates.punct_er


def _aligned(reference: Sequence[Token], hypothesis: Sequence[Token], mask: str) -> list[tuple[str, str]]:
    """Pairs of tokens, "" where one text has nothing."""
    cost: dict[tuple[int, int], Cost] = {(0, 0): (0, 0, 0, 0)}
    came_from: dict[tuple[int, int], tuple[int, int]] = {}
    for i in range(len(reference) + 1):
        for j in range(len(hypothesis) + 1):
            steps = []
            if i and j:
                steps.append(_step(cost, (i - 1, j - 1), reference[i - 1], hypothesis[j - 1], mask))
            if i:
                steps.append(_step(cost, (i - 1, j), reference[i - 1], None, mask))
            if j:
                steps.append(_step(cost, (i, j - 1), None, hypothesis[j - 1], mask))
            if steps:
                cost[i, j], came_from[i, j] = min(steps)
    pairs: list[tuple[str, str]] = []
    place = len(reference), len(hypothesis)
    while place in came_from:
        before = came_from[place]
        target = reference[before[0]][0] if before[0] < place[0] else ""
        found = hypothesis[before[1]][0] if before[1] < place[1] else ""
        pairs.append((target, found))
        place = before
    return pairs


def _step(
    cost: dict[tuple[int, int], Cost], start: tuple[int, int], target: Token | None, found: Token | None, mask: str
) -> tuple[Cost, tuple[int, int]]:
    """What an alignment costs whose last pair is this one, and where that pair starts."""
    edits, words, errors, kept = cost[start]
    target_key = target[1] if target else None
    found_key = found[1] if found else None
    if target_key != found_key:
        return (edits + 1, words, errors + (target_key == mask) + (found_key == mask), kept), start
    if target_key != mask:
        return (edits, words - 1, errors, kept), start
    is_equal = target == found
    return (edits, words, errors + (not is_equal), kept - is_equal), start


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _shares(amounts: Counts, sums: dict[str, int]) -> Rates:
    return {mark: {key: _share(n, sums[mark]) for key, n in counts.items()} for mark, counts in amounts.items()}


def _add(total: Counts, more: Counts) -> None:
    for mark, counts in more.items():
        for key, count in counts.items():
            total[mark][key] += count
