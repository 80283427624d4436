"""What beam search adds for words: a language model of words, a bonus for each, a lexicon, hot words.

Tokens write words letter by letter or in pieces. A word is scored when the next one begins, or at the end; a hot word
or a word that the lexicon lacks shows earlier.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nemo.collections.asr.decoding.hot_words import HotWords
from nemo.collections.asr.decoding.language_model import LanguageModel
from nemo.collections.asr.decoding.lexicon import Lexicon

State = tuple[int, str, str | None]
"""Of the language model, the word so far, and of the hot words."""


@dataclass
class WordFusion:
    """Automaton of :class:`~nemo.collections.asr.decoding.ctc_fusion.Fusion` whose states are made as they are met.

    Args:
        spellings: for each token whether it begins a word, and what it writes.
        model: n-grams of words.
        alpha: their weight.
        beta: added for each word.
        lexicon: the words that may be written.
        unknown_weight: added for a word that the lexicon lacks; minus infinity forbids it.
        separator_weight: added for each token that only parts words.
        hot_words: phrases that get a bonus.
    """

    spellings: Sequence[tuple[bool, str]]
    model: LanguageModel | None = None
    alpha: float = 0.0
    beta: float = 0.0
    lexicon: Lexicon | None = None
    unknown_weight: float = -math.inf
    separator_weight: float = 0.0
    hot_words: HotWords | None = None
    _states: list[State] = field(default_factory=list, init=False, repr=False)
    _ids: dict[State, int] = field(default_factory=dict, init=False, repr=False)
    _arcs: dict[int, tuple[float, int]] = field(default_factory=dict, init=False, repr=False)
    """By ``state * tokens + token``."""

    @property
    def most(self) -> float:
        """See :class:`~nemo.collections.asr.decoding.ctc_fusion.Fusion`."""
        if self.model is not None and self.alpha < 0:
            return math.inf
        parts = (self.beta, self.unknown_weight, self.separator_weight)
        return sum(max(0.0, part) for part in parts) + (self.hot_words.most if self.hot_words is not None else 0.0)

    def start(self) -> int:
        """See :class:`~nemo.collections.asr.decoding.ctc_fusion.Fusion`."""
        self._states.clear()
        self._ids.clear()
        self._arcs.clear()
        return self._id((self.model.start if self.model is not None else 0, "", ""))

    def extend(self, states: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See :class:`~nemo.collections.asr.decoding.ctc_fusion.Fusion`."""
        keys = (states * len(self.spellings) + tokens).tolist()
        arcs = self._arcs
        found = [arcs.get(key) or self._arc(key) for key in keys]
        added, following = zip(*found, strict=True) if found else ((), ())
        scores = torch.tensor(added, dtype=torch.float64, device=states.device)
        return scores, torch.tensor(following, dtype=torch.int64, device=states.device)

    def finish(self, states: Tensor) -> Tensor:
        """See :class:`~nemo.collections.asr.decoding.ctc_fusion.Fusion`."""
        ends = [self._end(self._states[state]) for state in states.tolist()]
        return torch.tensor(ends, dtype=torch.float64, device=states.device)

    def _id(self, state: State) -> int:
        number = self._ids.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
        return number

    def _arc(self, key: int) -> tuple[float, int]:
        state, token = divmod(key, len(self.spellings))
        lm_state, word, hot = self._states[state]
        begins_word, text = self.spellings[token]
        added = 0.0
        if begins_word:
            added, lm_state = self._word(lm_state, word)
            word = ""
            if not text:
                added += self.separator_weight
        word += text
        is_forbidden = self.lexicon is not None and self.unknown_weight == -math.inf
        if is_forbidden and self.lexicon is not None and not self.lexicon.begins(word):
            added = -math.inf
        if self.hot_words is not None:
            bonus, hot = self.hot_words.extend(hot, begins_word, text)
            added += bonus
        arc = (added, self._id((lm_state, word, hot)))
        self._arcs[key] = arc
        return arc

    def _word(self, lm_state: int, written: str) -> tuple[float, int]:
        """Score of a word that is complete, and the language model's state behind it."""
        if not written:
            return 0.0, lm_state
        word: str | None = written
        added = self.beta
        if self.lexicon is not None:
            word = self.lexicon.word(written)
            added += self.unknown_weight if word is None else 0.0
        if self.model is not None:
            log_prob, lm_state = self.model.score(lm_state, self.model.word_id(written if word is None else word))
            added += self.alpha * log_prob
        return added, lm_state

    def _end(self, state: State) -> float:
        lm_state, word, hot = state
        added, lm_state = self._word(lm_state, word)
        if self.model is not None:
            added += self.alpha * self.model.end(lm_state)
        return added + (self.hot_words.finish(hot) if self.hot_words is not None else 0.0)
