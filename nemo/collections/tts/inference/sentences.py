"""Long texts in pieces that a model speaks well: sentences, and parts of very long ones."""

from __future__ import annotations

import re

LONGEST = 300
"""Characters of a piece: what is longer is cut at commas, else at spaces."""
_NO_END = r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bProf)(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\b[A-Z])"
_SENTENCE_END = re.compile(rf"(?:{_NO_END}\.|[!?…])+[\"'»”’)\]]*(?=\s)|[。！？]+[」』”]*|\n\s*\n")
_CLAUSE_END = re.compile(r"[,;:]\s|\s[–—-]\s|[，、；：]")


def split_sentences(text: str, longest: int = LONGEST) -> list[str]:
    """The sentences of a text, in order, without the space around them.

    A full stop after a title or a capital letter (``Dr. J. Lee``) ends none, nor does one inside a number. An empty
    line ends one too. Marks without a letter or digit stay with the sentence before.

    Args:
        text: any text.
        longest: characters; a longer sentence is cut at the last comma or the like before it, else at a space.

    Returns:
        Nothing for a text without letters and digits.
    """
    pieces: list[str] = []
    for sentence in _cut_after(_SENTENCE_END, text):
        for part in _short_enough(" ".join(sentence.split()), longest):
            if any(map(str.isalnum, part)):
                pieces.append(part)
            elif pieces and part:
                pieces[-1] += part
    return pieces


def _cut_after(ends: re.Pattern[str], text: str) -> list[str]:
    places = [0, *(match.end() for match in ends.finditer(text)), len(text)]
    return [text[start:end] for start, end in zip(places, places[1:], strict=False)]


def _short_enough(sentence: str, longest: int) -> list[str]:
    parts = []
    while len(sentence) > longest:
        head = sentence[:longest]
        ends = [match.end() for match in _CLAUSE_END.finditer(head)]
        cut = ends[-1] if ends else head.rfind(" ") + 1 or longest
        parts.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return [*parts, sentence]
