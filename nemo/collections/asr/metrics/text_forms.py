"""Texts with or without capitals and punctuation, so that both sides of a comparison have the same form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class TextProcessingConfig:
    """`text_processing` section of a script; keys are the original's."""

    punctuation_marks: str = ".,?"
    """The marks that the other keys are about."""
    separate_punctuation: bool = False
    """Put a space before and behind each mark."""
    do_lowercase: bool = False
    rm_punctuation: bool = False
    """Take the marks out."""


class PunctuationCapitalization:
    """Changes lines of text; each method gives new lines.

    Args:
        punctuation_marks: the marks, one character each; empty: no text has any.
    """

    def __init__(self, punctuation_marks: str) -> None:
        self.punctuation_marks = punctuation_marks
        self._mark = re.compile(f"([{re.escape(punctuation_marks)}])") if punctuation_marks else None

    def separate_punctuation(self, lines: Sequence[str]) -> list[str]:
        """A space before and behind each mark."""
        return self._replaced(lines, r" \1 ")

    def do_lowercase(self, lines: Sequence[str]) -> list[str]:
        """All letters small."""
        return [line.lower() for line in lines]

    def rm_punctuation(self, lines: Sequence[str]) -> list[str]:
        """Without marks; a space stands where one was between words."""
        return self._replaced(lines, " ")

    def processed(self, lines: Sequence[str], config: TextProcessingConfig) -> list[str]:
        """What `config` asks for; its marks are not read, those of this object are."""
        changed = list(lines)
        if config.separate_punctuation:
            changed = self.separate_punctuation(changed)
        if config.do_lowercase:
            changed = self.do_lowercase(changed)
        return self.rm_punctuation(changed) if config.rm_punctuation else changed

    def _replaced(self, lines: Sequence[str], by: str) -> list[str]:
        if self._mark is None:
            return list(lines)
        return [" ".join(self._mark.sub(by, line).split()) for line in lines]
