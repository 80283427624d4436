"""N-gram language models in KenLM's binary form, read by its own package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.decoding.arpa import END, LN_10
from nemo.collections.common.exceptions import LanguageModelError
from nemo.utils.optional import require

MOST_STATES = 1_000_000


class KenLMLanguageModel:
    """Offers what :class:`~nemo.collections.asr.decoding.ngram_lm.NGramLanguageModel` does, except its list of words.

    Args:
        path: a file made by ``build_binary``.

    Raises:
        MissingDependencyError: the package `kenlm` is not installed.
        LanguageModelError: it cannot read the file.
    """

    words = None

    def __init__(self, path: str | Path) -> None:
        kenlm = require("kenlm", extra="kenlm", purpose=f"reading {path}, which is no ARPA file,")
        try:
            self._model = kenlm.Model(str(path))
        except (OSError, RuntimeError) as error:
            raise LanguageModelError(
                f"{path} cannot be read by KenLM ({error}). Expected its binary or an ARPA file."
            ) from error
        self._new_state = kenlm.State
        self._states: list[Any] = [kenlm.State()]
        self._model.BeginSentenceWrite(self._states[0])
        self._known: dict[tuple[int, int], tuple[float, int]] = {}
        self._words: list[str] = []
        self._ids: dict[str, int] = {}

    @property
    def start(self) -> int:
        """The state at the beginning of a sentence. Searches ask for it first; all others may then be forgotten."""
        if len(self._states) > MOST_STATES:
            del self._states[1:]
            self._known.clear()
        return 0

    def __contains__(self, word: str) -> bool:
        return word in self._model

    def word_id(self, word: str) -> int:
        """A number for the word, the same each time."""
        if word not in self._ids:
            self._ids[word] = len(self._words)
            self._words.append(word)
        return self._ids[word]

    def score(self, state: int, word: int) -> tuple[float, int]:
        """``ln p(word | state)`` and the state behind the word."""
        if (state, word) not in self._known:
            behind = self._new_state()
            log10 = self._model.BaseScore(self._states[state], self._words[word], behind)
            self._known[state, word] = (log10 * LN_10, len(self._states))
            self._states.append(behind)
        return self._known[state, word]

    def end(self, state: int) -> float:
        """``ln p(</s> | state)``."""
        return self.score(state, self.word_id(END))[0]

    def advance(self, states: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`score` of many: ``ln p`` [N] (double) and the states behind [N]."""
        found = [self.score(state, word) for state, word in zip(states.tolist(), words.tolist(), strict=True)]
        log_probs = torch.tensor([log_prob for log_prob, _ in found], dtype=torch.float64, device=states.device)
        return log_probs, torch.tensor([state for _, state in found], dtype=torch.int64, device=states.device)

    def ends(self, states: Tensor) -> Tensor:
        """:meth:`end` of many, [N]."""
        return torch.tensor([self.end(state) for state in states.tolist()], dtype=torch.float64, device=states.device)
