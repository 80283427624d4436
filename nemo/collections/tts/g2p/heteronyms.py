"""Words that are spelled alike and spoken in several ways: where a sentence has them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nemo.collections.tts.text.words import any_locale_word_tokenize

Span = tuple[int, int]
"""First character, and the one after the last."""


def get_heteronym_spans(
    sentences: Sequence[str], supported_heteronyms: Collection[str]
) -> tuple[list[list[Span]], list[list[str]]]:
    """Where sentences have certain words.

    Args:
        sentences: texts in the Latin script.
        supported_heteronyms: words, or a dictionary with them as keys; the case does not count.

    Returns:
        For each sentence the spans in the order of the text, and the words in small letters.
    """
    wanted = {word.lower() for word in supported_heteronyms}
    spans: list[list[Span]] = []
    words: list[list[str]] = []
    for sentence in sentences:
        spans.append([])
        words.append([])
        position = 0
        for pieces, stays in any_locale_word_tokenize(sentence.replace("|", " ")):
            length = len(pieces[0])
            if not stays and pieces[0].lower() in wanted:
                spans[-1].append((position, position + length))
                words[-1].append(pieces[0].lower())
            position += length
    return spans, words
