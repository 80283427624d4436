"""An n-gram language model as tensors: many questions at once, on any device.

The n-grams are a trie. The arcs from all nodes lie in one sorted array of `node * words + word`, so that an arc is
found by bisection; node 0 is the empty context. A state is the node of the longest context that the model knows and
that matters. Back-off: Katz, 1987.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nemo.collections.asr.decoding.arpa import BEGIN, END, SPELLINGS, UNKNOWN, NGrams, read_arpa
from nemo.collections.common.exceptions import LanguageModelError


class NGramLanguageModel:
    """See the head of this file. Words are ids, probabilities natural logarithms.

    Args:
        words: the words in the order of their ids; ``<unk>`` must be among them.
        levels: the n-grams of each length, those of length 1 first; every word has a unigram.

    Raises:
        LanguageModelError: an n-gram whose context is missing.
    """

    def __init__(self, words: Sequence[str], levels: Sequence[NGrams]) -> None:
        self.words = list(words)
        self.order = len(levels)
        self._ids = {word: index for index, word in enumerate(self.words)}
        self._unknown = self._ids[UNKNOWN]
        self._end = self._ids.get(END)
        self._build(levels)
        self._tensors: dict[torch.device, tuple[Tensor, ...]] = {}
        self.start = self.score(0, self._ids[BEGIN])[1] if BEGIN in self._ids else 0
        """The state at the beginning of a sentence."""

    @classmethod
    def from_arpa(cls, path: str | Path) -> NGramLanguageModel:
        """Reads an ARPA file, packed by gzip or not."""
        return cls(*read_arpa(Path(path)))

    def _build(self, levels: Sequence[NGrams]) -> None:
        count = 1 + sum(len(level.words) for level in levels)
        self._keys = np.empty(count - 1, dtype=np.int64)
        self._log_probs, self._backoffs = np.zeros(count), np.zeros(count)
        self._shorter = np.zeros(count, dtype=np.int64)  # the node without the first word: where backing off leads
        self._next = np.zeros(count, dtype=np.int64)
        first = 0
        for length, level in enumerate(levels, start=1):
            parents = self._nodes(level.words[:, :-1], first)
            if length > 1 and not parents.all():
                missing = " ".join(self.words[word] for word in level.words[int(parents.argmin())])
                raise LanguageModelError(
                    f"the language model has the n-gram {missing!r} and not its first {length - 1} word(s). A model "
                    "that was pruned must keep the contexts of its n-grams; KenLM and SRILM do."
                )
            keys = parents * len(self.words) + level.words[:, -1]
            order = np.argsort(keys, kind="stable")
            nodes = slice(first + 1, first + 1 + len(keys))
            self._keys[first : first + len(keys)] = keys[order]
            self._log_probs[nodes] = level.log_probs[order]
            self._backoffs[nodes] = level.backoffs[order]
            self._shorter[nodes] = self._longest_suffix(level.words[order], first)
            first += len(keys)
        self._set_next(levels)

    def _nodes(self, grams: np.ndarray, filled: int) -> np.ndarray:
        """Nodes of n-grams [N, n], 0 where there is none, among the first `filled`."""
        nodes = np.zeros(len(grams), dtype=np.int64)
        found = np.ones(len(grams), dtype=bool)
        for position in range(grams.shape[1]):
            keys = nodes * len(self.words) + grams[:, position]
            places = np.searchsorted(self._keys[:filled], keys).clip(max=max(filled - 1, 0))
            found &= self._keys[places] == keys
            nodes = np.where(found, places + 1, 0)
        return nodes

    def _longest_suffix(self, grams: np.ndarray, filled: int) -> np.ndarray:
        nodes = np.zeros(len(grams), dtype=np.int64)
        for first in range(1, grams.shape[1]):
            nodes = np.where(nodes == 0, self._nodes(grams[:, first:], filled), nodes)
        return nodes

    def _set_next(self, levels: Sequence[NGrams]) -> None:
        """The state behind each node: itself, or a shorter context if nothing depends on the longer one."""
        matters = self._backoffs != 0
        matters[self._keys // len(self.words)] = True
        first = 1
        for length, level in enumerate(levels, start=1):
            nodes = np.arange(first, first + len(level.words))
            keeps = matters[nodes] & (length < self.order)
            self._next[nodes] = np.where(keeps, nodes, self._next[self._shorter[nodes]])
            first += len(nodes)

    # -------------------------------------------------------------------------------------------------------- answers

    def __contains__(self, word: str) -> bool:
        return SPELLINGS.get(word, word) in self._ids

    def word_id(self, word: str) -> int:
        """The id of a word; that of ``<unk>`` for one that the model lacks."""
        return self._ids.get(SPELLINGS.get(word, word), self._unknown)

    def score(self, state: int, word: int) -> tuple[float, int]:
        """``ln p(word | state)`` and the state behind the word."""
        total = 0.0
        while True:
            key = state * len(self.words) + word
            place = int(np.searchsorted(self._keys, key))
            if place < len(self._keys) and self._keys[place] == key:
                return total + float(self._log_probs[place + 1]), int(self._next[place + 1])
            if state == 0:
                raise IndexError(f"word {word} of a language model that has the words 0 to {len(self.words) - 1}")
            total += float(self._backoffs[state])
            state = int(self._shorter[state])

    def end(self, state: int) -> float:
        """``ln p(</s> | state)``; 0 for a model without sentence ends."""
        return 0.0 if self._end is None else self.score(state, self._end)[0]

    def advance(self, states: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`score` of many.

        Args:
            states: [N].
            words: [N].

        Returns:
            ``ln p`` [N] (double) and the states behind [N], on the device of `states`.
        """
        keys, log_probs, backoffs, shorter, behind = self._on(states.device)
        total = torch.zeros(states.shape, dtype=torch.float64, device=states.device)
        nodes = torch.zeros_like(states)
        for _ in range(self.order):
            wanted = states * len(self.words) + words
            places = torch.searchsorted(keys, wanted).clamp_(max=len(keys) - 1)
            is_open = nodes == 0
            nodes = torch.where(is_open & (keys[places] == wanted), places + 1, nodes)
            is_open = nodes == 0
            total += backoffs[states].masked_fill(~is_open, 0.0)
            states = shorter[states]
        return total + log_probs[nodes], behind[nodes]

    def ends(self, states: Tensor) -> Tensor:
        """:meth:`end` of many, [N]."""
        if self._end is None:
            return torch.zeros(states.shape, dtype=torch.float64, device=states.device)
        return self.advance(states, torch.full_like(states, self._end))[0]

    def _on(self, device: torch.device) -> tuple[Tensor, ...]:
        if device not in self._tensors:
            arrays = (self._keys, self._log_probs, self._backoffs, self._shorter, self._next)
            self._tensors[device] = tuple(torch.from_numpy(array).to(device) for array in arrays)
        return self._tensors[device]
