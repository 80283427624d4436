"""How text of a language is prepared for a translation model, and how a translation is cleaned up."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from nemo.collections.common.tokenizers.moses_tokenizers import MosesProcessor

logger = logging.getLogger(__name__)

WITHOUT_SPACES = ("zh", "ja")
"""Languages that write words without spaces between them."""


class TextProcessor(Protocol):
    """Prepares text and cleans up after it."""

    def normalize(self, text: str) -> str:
        """The usual forms of quotes, dashes and spaces."""

    def tokenize(self, text: str) -> str:
        """Spaces between words and marks."""

    def detokenize(self, tokens: Sequence[str]) -> str:
        """Readable text of words and marks."""


class PlainProcessor:
    """Leaves text as it is, but for spaces: byte-level models, and languages whose subwords need no words.

    Args:
        has_spaces: the language has spaces between words; else those of the pieces are left out.
    """

    def __init__(self, has_spaces: bool = True) -> None:
        self._joint = " " if has_spaces else ""

    def normalize(self, text: str) -> str:
        """The same text."""
        return text

    def tokenize(self, text: str) -> str:
        """The same text."""
        return text

    def detokenize(self, tokens: Sequence[str]) -> str:
        """The words joined."""
        return self._joint.join(tokens)


def make_processor(language: str | None, library: str) -> TextProcessor:
    """The processor of a language's text.

    Args:
        language: its two letters; None: any.
        library: of the tokenizer.

    Raises:
        MissingDependencyError: the language needs sacremoses, which is not installed.
    """
    if library == "byte-level" or language is None:
        return PlainProcessor()
    if language in WITHOUT_SPACES:
        # the original cuts words with jieba or mecab first; pieces of sentencepiece do not need that
        logger.info("text in %s goes to the tokenizer as it is, without being cut into words", language)
        return PlainProcessor(has_spaces=False)
    return MosesProcessor(language)


def prepared(processor: TextProcessor, text: str) -> str:
    """Text as a model wants it."""
    return processor.tokenize(processor.normalize(text))
