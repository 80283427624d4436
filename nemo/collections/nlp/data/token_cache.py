"""Keeps the tokens of a file of texts beside it, so that the next run does not cut them again."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nemo.core.archive.side_files import read_arrays
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ArchiveError

logger = logging.getLogger(__name__)


class TokenCache:
    """Tokens of texts in one npz file, whose name is a digest of the texts, the tokenizer and the greatest length.

    So a file that belongs to other texts or another tokenizer is never read, whatever happened to its date.

    Args:
        source: the file of texts; the cache lies beside it.
        tokenizer: with `vocab`.
        max_seq_length: most tokens of a text.
    """

    def __init__(self, source: str | os.PathLike[str], tokenizer: Any, max_seq_length: int) -> None:
        self._source = Path(source).expanduser()
        vocabulary = "\n".join(map(str, tokenizer.vocab)) if hasattr(tokenizer, "vocab") else repr(tokenizer)
        self._parameters = f"{type(tokenizer).__name__}\0{max_seq_length}\0{vocabulary}"

    def path(self, texts: Sequence[str]) -> Path:
        """Where the tokens of these texts lie."""
        digest = hashlib.sha256(self._parameters.encode("utf-8"))
        for text in texts:
            digest.update(b"\0" + text.encode("utf-8"))
        return self._source.with_name(f"cached_{self._source.stem}_{digest.hexdigest()[:24]}.npz")

    def read(self, texts: Sequence[str]) -> list[list[int]] | None:
        """The tokens of each text; None where they are not kept, or the file is damaged."""
        path = self.path(texts)
        if not path.is_file():
            return None
        try:
            arrays = read_arrays(path)
        except ArchiveError as error:
            logger.warning("the tokens are made anew: %s", error)
            return None
        if set(arrays) != {"tokens", "ends"} or len(arrays["ends"]) != len(texts):
            logger.warning("%s is not what it should be; the tokens are made anew", path)
            return None
        return [row.tolist() for row in np.split(arrays["tokens"], arrays["ends"][:-1])]

    def write(self, texts: Sequence[str], rows: Sequence[Sequence[int]]) -> None:
        """Keeps the tokens of each text; several processes may do so at once."""
        path = self.path(texts)
        tokens = np.array([index for row in rows for index in row], dtype=np.int32)
        with atomic_write(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, tokens=tokens, ends=np.cumsum([len(row) for row in rows]))
        logger.info("the tokens of %s are kept in %s", self._source, path)
