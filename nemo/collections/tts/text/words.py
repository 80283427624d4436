"""Text is cut into words, what lies between them, and passages between bars that are phonemes already."""

from __future__ import annotations

import re

ENGLISH = "a-zA-Z"
LATIN = "a-zA-ZÀ-ÖØ-öø-ÿĀ-ſẞ"
"""Letters of the Latin script: ASCII, Latin-1, Latin Extended-A."""

Pieces = list[tuple[list[str], bool]]
"""Each piece with whether it stays as it is: a word is to be looked up, the rest is not."""


def english_word_tokenize(text: str) -> Pieces:
    """Cuts English text; words come in small letters.

    `"Read |HH EH1| it."` gives `(["read"], False), ([" "], True), (["HH", "EH1"], True), ([" "], True), ...`.
    """
    return _cut(text, ENGLISH, lower=True)


def any_locale_word_tokenize(text: str) -> Pieces:
    """Cuts text in the Latin script; words stay as they are written."""
    return _cut(text, LATIN, lower=False)


def _cut(text: str, letters: str, lower: bool) -> Pieces:
    """A word is letters, with hyphens and apostrophes inside; a passage is what stands between two bars."""
    pattern = rf"([{letters}]+(?:[{letters}\-']*[{letters}]+)*)|(\|[^|]*\|)|([^{letters}|]+)"
    pieces: Pieces = []
    for word, passage, between in re.findall(pattern, text):
        if word:
            pieces.append(([word.lower() if lower else word], False))
        elif passage:
            pieces.append((passage[1:-1].split(" "), True))
        else:
            pieces.append(([between], True))
    return pieces
