"""Phrases that a recording is likely to have: their scores are raised while they are being written.

A phrase that is begun gets its share of the bonus with each character, so that it is not dropped before its end; the
share is taken back if the text goes on otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nemo.collections.common.exceptions import LanguageModelError


class HotWords:
    """An automaton over characters and spaces.

    A state is the end of the text that may become a phrase, from the beginning of a word on; None inside a word with
    which no phrase begins or goes on.

    Args:
        weights: phrase -> bonus (natural logarithm), which may be negative; phrases may have several words.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = {
            " ".join(phrase.split()): float(weight) for phrase, weight in weights.items() if phrase.strip()
        }
        self._shares: dict[str, float] = {}
        for phrase, weight in self._weights.items():
            for length in range(1, len(phrase) + 1):
                share = weight * length / len(phrase)
                begun = phrase[:length]
                self._shares[begun] = max(share, self._shares.get(begun, share), key=abs)

    @property
    def most(self) -> float:
        """No token adds more: phrases that end together, a share that is begun, a negative one that is taken back."""
        shares = [0.0, *self._shares.values()]
        ends_together = max((self._earned(phrase, positive=True) for phrase in self._weights), default=0.0)
        return ends_together + max(shares) - min(shares)

    def extend(self, state: str | None, begins_word: bool, text: str) -> tuple[float, str | None]:
        """What it adds that a token comes, and the state behind it.

        Args:
            state: before.
            begins_word: the token ends the word before.
            text: what it writes.
        """
        added = -self._share(state)
        if begins_word:
            added += self._earned(state)
            state = f"{state.rstrip(' ')} {text}" if state else text
        elif state is not None:
            state += text
        while state and state not in self._shares:
            _, space, state_of_rest = state.partition(" ")
            state = state_of_rest if space else None
        if state is None and begins_word and not text:
            state = ""
        return added + self._share(state), state

    def finish(self, state: str | None) -> float:
        """What the end of the text adds."""
        return self._earned(state) - self._share(state)

    def _share(self, state: str | None) -> float:
        return self._shares[state] if state else 0.0

    def _earned(self, state: str | None, positive: bool = False) -> float:
        """Of all phrases that end here, at the end of a word; or of those among them with positive weights."""
        total = 0.0
        while state:
            weight = self._weights.get(state, 0.0)
            total += max(0.0, weight) if positive else weight
            state = state.partition(" ")[2]
        return total


def read_boosts(path: str | Path) -> dict[str, float]:
    """Reads phrases and their bonuses, a phrase, a tab and a number in each line.

    Raises:
        LanguageModelError: there is no such file, or a line is otherwise.
    """
    weights: dict[str, float] = {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LanguageModelError(f"the file of boosted phrases {path} cannot be read ({error.strerror}).") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        phrase, _, weight = line.rpartition("\t")
        try:
            weights[phrase] = float(weight)
        except ValueError:
            phrase = ""
        if not phrase.strip():
            raise LanguageModelError(f"{path}, line {number}: {line!r} is no phrase, tab and number.")
    return weights
