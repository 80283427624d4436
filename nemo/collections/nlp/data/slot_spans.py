"""The slots of a sentence as spans of words, whichever way they are written.

Slots may have `B-` and `I-` before their names, or be names alone; then neighbours of the same slot are one span.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nemo.collections.nlp.metrics.entity_f1 import entities_of


@dataclass(frozen=True)
class SlotSpan:
    """Words `start` to `end` (not included) fill a slot."""

    slot: str
    start: int
    end: int
    text: str


def has_prefixes(slots: Iterable[str]) -> bool:
    """Whether a set of slots is written with `B-` and `I-`."""
    return any(slot.startswith(("B-", "I-")) for slot in slots)


def iob_slots(slots: Sequence[str], no_slot: str, with_prefixes: bool) -> list[str]:
    """The slots of a sentence's words with prefixes, `O` for none.

    Args:
        slots: one for each word.
        no_slot: the slot of words that belong to none.
        with_prefixes: they have prefixes already.
    """
    if with_prefixes:
        return ["O" if slot == no_slot else slot for slot in slots]
    return ["O" if slot == no_slot else f"I-{slot}" for slot in slots]


def slot_spans(words: Sequence[str], slots: Sequence[str], no_slot: str, with_prefixes: bool) -> list[SlotSpan]:
    """The filled slots of a sentence, in order; see :func:`iob_slots` for the arguments."""
    found = entities_of(iob_slots(slots, no_slot, with_prefixes))
    return [SlotSpan(kind, start, end, " ".join(words[start:end])) for kind, start, end in found]
