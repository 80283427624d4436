"""The words that a recogniser may write."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path

from nemo.collections.asr.decoding.vocabulary import SENTENCEPIECE_SPACE, WORDPIECE_CONTINUATION
from nemo.collections.common.exceptions import LanguageModelError

SEPARATORS = ("|", "<space>", SENTENCEPIECE_SPACE)


class Lexicon:
    """Words by the way they are written; any tokens that write them will do.

    Args:
        words: what is written -> the word of the language model that it stands for.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = dict(words)
        self._sorted = sorted(self._words)

    def begins(self, written: str) -> bool:
        """Whether a word begins so."""
        place = bisect_left(self._sorted, written)
        return place < len(self._sorted) and self._sorted[place].startswith(written)

    def word(self, written: str) -> str | None:
        """The word; None if there is no such."""
        return self._words.get(written)

    @classmethod
    def read(cls, path: str | Path) -> Lexicon:
        """Reads a file with a word in each line, and behind it the tokens that write it if they are not its letters.

        Raises:
            LanguageModelError: there is no such file, or it is empty.
        """
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise LanguageModelError(f"the lexicon {path} cannot be read ({error.strerror}).") from error
        words = {}
        for line in lines:
            fields = line.split()
            if fields:
                words[_written(fields[1:]) or fields[0]] = fields[0]
        if not words:
            raise LanguageModelError(
                f"the lexicon {path} is empty. Expected a word, and perhaps its tokens, in each line."
            )
        return cls(words)


def _written(tokens: list[str]) -> str:
    bare = (token.removeprefix(SENTENCEPIECE_SPACE).removeprefix(WORDPIECE_CONTINUATION) for token in tokens)
    return "".join(token for token in bare if token not in SEPARATORS)
