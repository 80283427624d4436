"""Words and punctuation marks apart, and together again, as the scripts of Moses do it (Koehn et al., 2007)."""

from __future__ import annotations

from collections.abc import Sequence

from nemo.utils.optional import require


class MosesProcessor:
    """Prepares text for a translation model and cleans up after it, through the package sacremoses.

    Args:
        lang_id: the language of the text, ``en``.

    Raises:
        MissingDependencyError: sacremoses is not installed.
    """

    def __init__(self, lang_id: str) -> None:
        sacremoses = require("sacremoses", extra="nlp", purpose="MosesProcessor")
        self.lang_id = lang_id
        self.moses_tokenizer = sacremoses.MosesTokenizer(lang=lang_id)
        self.moses_detokenizer = sacremoses.MosesDetokenizer(lang=lang_id)
        self.normalizer = sacremoses.MosesPunctNormalizer(lang=lang_id)

    def tokenize(self, text: str) -> str:
        """`text` with spaces between words and marks; nothing is escaped."""
        return str(self.moses_tokenizer.tokenize(text, escape=False, return_str=True))

    def detokenize(self, tokens: Sequence[str]) -> str:
        """Readable text of words and marks."""
        return str(self.moses_detokenizer.detokenize(list(tokens)))

    def normalize(self, text: str) -> str:
        """`text` with the usual forms of quotes, dashes and spaces."""
        return str(self.normalizer.normalize(text))
