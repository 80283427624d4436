"""Language models in beam search: which file it is, and what its words are to the recogniser."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from nemo.collections.asr.decoding.arpa import BEGIN, END, UNKNOWN, is_arpa
from nemo.collections.asr.decoding.kenlm_model import KenLMLanguageModel
from nemo.collections.asr.decoding.ngram_lm import NGramLanguageModel
from nemo.collections.common.exceptions import LanguageModelError

logger = logging.getLogger(__name__)

DEFAULT_TOKEN_OFFSET = 100
"""The original trains models of subwords on text in which token `id` is the character of code ``id + 100``."""
SPACES = ("<space>", "\u2581", "|")
"""How models of characters spell the space, which parts words."""
SHARE_OF_TOKENS = 0.9


class LanguageModel(Protocol):
    """An n-gram model over words. States and words are integers, probabilities natural logarithms."""

    @property
    def start(self) -> int:
        """The state at the beginning of a sentence; searches ask for it first."""

    @property
    def words(self) -> list[str] | None:
        """All words; None if they cannot be listed."""

    def __contains__(self, word: str) -> bool: ...

    def word_id(self, word: str) -> int:
        """The id of a word, or of the unknown word."""

    def score(self, state: int, word: int) -> tuple[float, int]:
        """``ln p(word | state)`` and the state behind the word."""

    def end(self, state: int) -> float:
        """``ln p(</s> | state)``."""

    def advance(self, states: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """``score`` of many: [N] and [N]."""

    def ends(self, states: Tensor) -> Tensor:
        """``end`` of many: [N]."""


def load_language_model(path: str | Path) -> LanguageModel:
    """Reads an ARPA file, packed by gzip or not, or a binary of KenLM.

    Raises:
        LanguageModelError: there is no such file, or it is damaged.
        MissingDependencyError: a binary, and the package `kenlm` is not installed.
    """
    path = Path(path).absolute()
    if not path.is_file():
        raise LanguageModelError(f"the language model {path} is no file. Expected an ARPA file or a binary of KenLM.")
    found = path.stat()
    return _loaded(path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=2)
def _loaded(path: Path, size: int, modified: int) -> LanguageModel:
    """A file that did not change is read once: a model builds its decoding anew for each way to decode."""
    logger.info("Reading the language model %s of %d bytes, changed at %d ns", path, size, modified)
    return NGramLanguageModel.from_arpa(path) if is_arpa(path) else KenLMLanguageModel(path)


class TokenLanguageModel:
    """A model whose words are the recogniser's tokens.

    Args:
        model: the n-grams.
        words: what each token is called there.
    """

    def __init__(self, model: LanguageModel, words: Sequence[str]) -> None:
        self.model = model
        self._ids = [model.word_id(word) for word in words]
        self._tensor = torch.tensor(self._ids)

    @property
    def start(self) -> int:
        """The state at the beginning of a sentence."""
        return self.model.start

    def score(self, state: int, token: int) -> tuple[float, int]:
        """``ln p(token | state)`` and the state behind the token."""
        return self.model.score(state, self._ids[token])

    def advance(self, states: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`score` of many: [N] and [N]."""
        if self._tensor.device != tokens.device:
            self._tensor = self._tensor.to(tokens.device)
        return self.model.advance(states, self._tensor[tokens])

    def ends(self, states: Tensor) -> Tensor:
        """``ln p(</s> | state)``, [N]."""
        return self.model.ends(states)


def names_of_tokens(model: LanguageModel, tokens: Sequence[str]) -> list[str] | None:
    """What the model calls the recogniser's tokens; None if its words are words.

    They are tokens when nearly all of its words are: as they stand in the vocabulary, or as single characters (see
    :data:`DEFAULT_TOKEN_OFFSET`). Of a model that cannot list its words, those of the vocabulary are looked up; single
    letters say nothing, as they are words of many texts.
    """
    plain = [_spelt_space(model) if token in (" ", "") else token for token in tokens]
    encoded = [chr(index + DEFAULT_TOKEN_OFFSET) for index in range(len(tokens))]
    for names in (plain, encoded):
        if model.words is not None:
            asked, known = set(model.words) - {UNKNOWN, BEGIN, END}, set(names)
            count = len(asked & known)
        else:
            asked = {name for name in names if len(name) > 1 or names is encoded}
            count = sum(name in model for name in asked)
        if asked and count >= SHARE_OF_TOKENS * len(asked):
            return names
    return None


def _spelt_space(model: LanguageModel) -> str:
    return next((space for space in SPACES if space in model), SPACES[0])


def load_token_language_model(path: str | Path, tokens: Sequence[str]) -> TokenLanguageModel:
    """Reads a model whose words must be tokens, as transducers need it.

    Raises:
        LanguageModelError: its words are others.
    """
    model = load_language_model(path)
    names = names_of_tokens(model, tokens)
    if names is None:
        raise LanguageModelError(
            f"the words of the language model {path} are not the tokens of this recogniser; transducer beam search "
            "needs a model of tokens. Train it on text cut into tokens: scripts/asr_language_modeling/train_ngram.py."
        )
    return TokenLanguageModel(model, names)
