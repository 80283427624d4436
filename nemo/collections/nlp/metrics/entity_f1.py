"""Precision, recall and F1 of whole entities in IOB labels: an entity counts where its type and both its ends agree.

Entities begin at ``B-X``, and also at an ``I-X`` that continues none of its type, as in the CoNLL-2003 shared task
(Tjong Kim Sang & De Meulder, 2003, https://aclanthology.org/W03-0419). Labels without ``B-`` or ``I-`` are no entity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Entity(NamedTuple):
    """Words `start` to `end` (not included) of a sentence."""

    kind: str
    start: int
    end: int


class Scores(NamedTuple):
    """In percent; 0 where nothing could be counted."""

    precision: float
    recall: float
    f1: float
    support: int
    """True entities."""


def entities_of(labels: Sequence[str]) -> list[Entity]:
    """The entities of a sentence, in order."""
    found: list[Entity] = []
    kind, start = None, 0
    for place, label in enumerate([*labels, "O"]):
        prefix, _, name = label.partition("-")
        is_entity = prefix in ("B", "I") and name != ""
        if kind is not None and not (prefix == "I" and name == kind):
            found.append(Entity(kind, start, place))
            kind = None
        if is_entity and kind is None:
            kind, start = name, place
    return found


@dataclass
class EntityCounts:
    """Counts of entities by type; sentences are added one after another."""

    correct: Counter[str] = field(default_factory=Counter)
    predicted: Counter[str] = field(default_factory=Counter)
    actual: Counter[str] = field(default_factory=Counter)

    def add(self, predicted: Sequence[str], actual: Sequence[str]) -> None:
        """Counts the entities of a sentence, from the labels that a model gave it and from the right ones."""
        given, right = set(entities_of(predicted)), set(entities_of(actual))
        self.correct.update(entity.kind for entity in given & right)
        self.predicted.update(entity.kind for entity in given)
        self.actual.update(entity.kind for entity in right)

    @property
    def kinds(self) -> list[str]:
        """Types that came."""
        return sorted({*self.predicted, *self.actual})

    def totals(self, kind: str | None = None) -> tuple[int, int, int]:
        """Right, given and true entities, of one type or of all."""
        kinds = self.kinds if kind is None else [kind]
        correct, predicted, actual = (
            sum(counts[each] for each in kinds) for counts in (self.correct, self.predicted, self.actual)
        )
        return correct, predicted, actual

    def scores(self, kind: str | None = None) -> Scores:
        """Of one type, or of all entities together."""
        return entity_scores(*self.totals(kind))

    def report(self) -> str:
        """A table of all types."""
        kinds = self.kinds
        width = max(map(len, ["all entities", *kinds])) + 2
        titles = "".join(f"{title:>12}" for title in ("precision", "recall", "f1", "support"))
        rows = [(kind, self.scores(kind)) for kind in kinds] + [("all entities", self.scores())]
        lines = [
            f"{name:<{width}}" + "".join(f"{value:>12.2f}" for value in scores[:3]) + f"{scores.support:>12}"
            for name, scores in rows
        ]
        return "\n" + "\n".join([f"{'entity':<{width}}{titles}", *lines])


def entity_f1(predicted: Iterable[Sequence[str]], actual: Iterable[Sequence[str]]) -> EntityCounts:
    """Counts the entities of a set, from labels of each sentence's words.

    Raises:
        ValueError: another number of sentences.
    """
    counts = EntityCounts()
    for given, right in zip(predicted, actual, strict=True):
        counts.add(given, right)
    return counts


def entity_scores(correct: int, predicted: int, actual: int) -> Scores:
    """Scores from numbers of right, given and true entities."""
    precision = 100.0 * correct / predicted if predicted else 0.0
    recall = 100.0 * correct / actual if actual else 0.0
    f1 = 200.0 * correct / (predicted + actual) if predicted + actual else 0.0
    return Scores(precision, recall, f1, actual)
