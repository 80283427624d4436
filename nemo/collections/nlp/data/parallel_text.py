"""Two files that are translations of each other, line by line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.text_lines import TextLine, iter_lines
from nemo.collections.nlp.data.text_processors import TextProcessor, prepared
from nemo.collections.nlp.data.token_batches import TokenTexts
from nemo.utils.exceptions import ConfigError


@dataclass
class TextSide:
    """One language of a pair: how its lines become tokens.

    Args:
        tokenizer: with `bos_id`, `eos_id` and `pad_id`.
        processor: prepares each line; None: lines are as they should be.
        prefix: token after the start, which says what language is wanted; None: no such token.
    """

    tokenizer: Any
    processor: TextProcessor | None = None
    prefix: int | None = None

    def tokens(self, text: str) -> list[int]:
        """The tokens of a sentence, start and end included."""
        if self.processor is not None:
            text = prepared(self.processor, text)
        ids = [int(token) for token in self.tokenizer.text_to_ids(text)]
        start = [self.tokenizer.bos_id] if self.prefix is None else [self.tokenizer.bos_id, self.prefix]
        return [*start, *ids, self.tokenizer.eos_id]

    def tokens_of(self, lines: Sequence[TextLine]) -> TokenTexts:
        """The tokens of many lines."""
        return TokenTexts.of([self.tokens(line.text) for line in lines])


def read_parallel_lines(
    source: str | os.PathLike[str], target: str | os.PathLike[str], num_samples: int = -1
) -> tuple[list[TextLine], list[TextLine]]:
    """The lines of both files.

    Args:
        source: text.
        target: its translation.
        num_samples: pairs that are read from the start; -1: all.

    Raises:
        TextFileError: a file is missing, empty or not in UTF-8, or one has more lines than the other.
    """
    pairs = list(iter_parallel_lines(source, target, num_samples))
    if not pairs:
        raise TextFileError(
            f"{source} and {target} are empty. Expected a sentence on each line, and its translation on the same line "
            "of the other file; check the paths."
        )
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def iter_parallel_lines(
    source: str | os.PathLike[str], target: str | os.PathLike[str], num_samples: int = -1
) -> Iterator[tuple[TextLine, TextLine]]:
    """The pairs one after the other, as :func:`read_parallel_lines`; two empty files have none."""
    sides = iter_lines(source, num_samples), iter_lines(target, num_samples)
    for number, (first, second) in enumerate(zip_longest(*sides)):
        if first is None or second is None:
            longer = first or second
            assert longer is not None
            left = sum(1 for _ in sides[0 if second is None else 1]) + 1
            raise TextFileError(
                f"{target if second is None else source} has {number} lines and {longer.file} has {number + left}: "
                f"{longer.place} ({longer.text[:40]!r}) has no translation. Expected a line of one for each line of "
                "the other; look for a line that is missing or was broken in two."
            )
        yield first, second


def check_roles(tokenizer: Any, key: str) -> None:
    """Looks whether a tokenizer has the tokens that translation needs.

    Args:
        tokenizer: of one side.
        key: its section in the config, for the message.

    Raises:
        ConfigError: it has no start, end or padding token.
    """
    missing = [role for role in ("bos", "eos", "pad") if _role(tokenizer, role) < 0]
    if missing:
        raise ConfigError(
            f"The tokenizer of model.{key} has no token for {', '.join(missing)}. Translation needs one that begins a "
            "sentence (bos), one that ends it (eos) and one that fills up a batch (pad); train the tokenizer with "
            "them: process_asr_text_tokenizer.py --spe_bos --spe_eos --spe_pad, or sentencepiece_legacy with "
            "special_tokens."
        )


def _role(tokenizer: Any, role: str) -> int:
    found = getattr(tokenizer, f"{role}_id", None)
    return -1 if found is None else int(found)
