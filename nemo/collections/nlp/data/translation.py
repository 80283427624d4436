"""Parallel text as batches of about as many tokens each."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.parallel_text import TextSide, read_parallel_lines
from nemo.collections.nlp.data.text_lines import TextLine
from nemo.collections.nlp.data.token_batches import (
    PairLimits,
    TokenTexts,
    TranslationBatch,
    plan_batches,
    translation_batch,
)
from nemo.core.archive.side_files import read_arrays
from nemo.core.classes.dataset import Dataset
from nemo.core.neural_types import ChannelType, LabelsType, MaskType, NeuralType
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ArchiveError

logger = logging.getLogger(__name__)


class TranslationDataset(Dataset):
    """Batches of sentence pairs; a sample is a whole batch, because its size depends on the lengths.

    Args:
        dataset_src: text to translate, one sentence a line.
        dataset_tgt: its translation.
        source: how lines of the first file become tokens.
        target: those of the second.
        tokens_in_batch: most tokens of each side of a batch, padding included.
        clean: leave out pairs beyond the limits; otherwise sentences are cut at `max_seq_length`.
        max_seq_length: tokens, start and end included.
        min_seq_length: as above.
        max_seq_length_diff: by which the sides may differ.
        max_seq_length_ratio: of the sides.
        num_samples: pairs that are read; -1: all.
        cache_ids: keep the tokens in a file beside the texts.
        use_cache: read that file even if the texts have changed.

    Raises:
        TextFileError: a file cannot be used, or nothing is left of the two.
    """

    def __init__(
        self,
        dataset_src: str | os.PathLike[str],
        dataset_tgt: str | os.PathLike[str],
        source: TextSide,
        target: TextSide,
        *,
        tokens_in_batch: int = 1024,
        clean: bool = False,
        max_seq_length: int = 512,
        min_seq_length: int = 1,
        max_seq_length_diff: int | None = 512,
        max_seq_length_ratio: float | None = 512,
        num_samples: int = -1,
        cache_ids: bool = False,
        use_cache: bool = False,
    ) -> None:
        self.place = f"{dataset_src}, {dataset_tgt}"
        self._pads = int(source.tokenizer.pad_id), int(target.tokenizer.pad_id)
        limits = PairLimits(max_seq_length, min_seq_length, max_seq_length_diff, max_seq_length_ratio)
        self.sides = self._tokens(dataset_src, dataset_tgt, (source, target), num_samples, cache_ids, use_cache)
        if not clean:
            self.sides = _cut(self.sides, max_seq_length, self.place)
        self.batches = self._planned(limits if clean else None, tokens_in_batch)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        return {
            "src_ids": NeuralType(("B", "T"), ChannelType()),
            "src_mask": NeuralType(("B", "T"), MaskType()),
            "tgt_ids": NeuralType(("B", "T"), ChannelType()),
            "tgt_mask": NeuralType(("B", "T"), MaskType()),
            "labels": NeuralType(("B", "T"), LabelsType()),
        }

    def __len__(self) -> int:
        """Batches."""
        return len(self.batches)

    def __getitem__(self, index: int) -> TranslationBatch:
        """The batch of that number."""
        numbers = self.batches[index]
        source, target = (side.padded(numbers, pad) for side, pad in zip(self.sides, self._pads, strict=True))
        return translation_batch(source, target, *self._pads)

    def describe_sample(self, index: int) -> str:
        """Which lines are in a batch, for messages."""
        numbers = sorted(int(number) + 1 for number in self.batches[index])
        return f"{self.place}: lines {', '.join(map(str, numbers[:10]))}{' ...' if len(numbers) > 10 else ''}"

    def _collate_fn(self, batch: list[TranslationBatch]) -> TranslationBatch:
        """The one batch of the list: it is whole already."""
        return batch[0]

    def _tokens(
        self, src: Any, tgt: Any, sides: tuple[TextSide, TextSide], num_samples: int, cache_ids: bool, use_cache: bool
    ) -> tuple[TokenTexts, TokenTexts]:
        cache = TokenCache(src, tgt, sides, num_samples)
        found = cache.read(use_cache) if cache_ids else None
        if found is not None:
            return found
        lines: tuple[list[TextLine], list[TextLine]] = read_parallel_lines(src, tgt, num_samples)
        tokens = sides[0].tokens_of(lines[0]), sides[1].tokens_of(lines[1])
        if cache_ids:
            cache.write(*tokens)
        return tokens

    def _planned(self, limits: PairLimits | None, tokens_in_batch: int) -> list[np.ndarray]:
        lengths = self.sides[0].lengths, self.sides[1].lengths
        kept = None if limits is None else limits.kept(*lengths)
        if kept is not None and not len(kept):
            raise TextFileError(
                f"{self.place}: none of the {len(self.sides[0])} pairs is within the limits {limits}. Raise "
                "max_seq_length, max_seq_length_diff and max_seq_length_ratio, lower min_seq_length, or set clean to "
                "false."
            )
        if kept is not None and len(kept) < len(self.sides[0]):
            logger.info("%s: %d of %d pairs are left out", self.place, len(self.sides[0]) - len(kept), len(lengths[0]))
        return plan_batches(*lengths, tokens_in_batch, kept)


class TokenCache:
    """Tokens of two files, kept beside the first one; it knows whether texts or tokenizers have changed.

    Args:
        source: the first file.
        target: the second.
        sides: how they become tokens.
        num_samples: how many lines.
    """

    def __init__(self, source: Any, target: Any, sides: tuple[TextSide, TextSide], num_samples: int) -> None:
        self._files = [Path(source).expanduser(), Path(target).expanduser()]
        self._sides, self._samples = sides, num_samples
        name = hashlib.sha256(str(self._files[1].resolve()).encode()).hexdigest()[:8]
        self.path = self._files[0].with_name(f"{self._files[0].name}.{name}.tokens.npz")

    def read(self, whatever_changed: bool = False) -> tuple[TokenTexts, TokenTexts] | None:
        """The tokens; None where there are none of these texts and tokenizers."""
        if not self.path.is_file():
            return None
        try:
            arrays = read_arrays(self.path)
            if str(arrays["made_from"]) != self._key() and not whatever_changed:
                return None
            sides = [TokenTexts(arrays[f"{side}_tokens"], arrays[f"{side}_ends"]) for side in ("source", "target")]
        except (ArchiveError, KeyError) as error:
            logger.warning("%s cannot be used and is made anew: %s", self.path, error)
            return None
        return sides[0], sides[1]

    def write(self, source: TokenTexts, target: TokenTexts) -> None:
        """Keeps tokens."""
        arrays = {"made_from": np.asarray(self._key())}
        for name, side in (("source", source), ("target", target)):
            arrays |= {f"{name}_tokens": side.tokens, f"{name}_ends": side.ends}
        with atomic_write(self.path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    def _key(self) -> str:
        files = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in self._files]
        sides = [
            (
                side.prefix,
                type(side.processor).__name__,
                side.tokenizer.unique_identifiers,
                _fingerprint(side.tokenizer),
            )
            for side in self._sides
        ]
        return json.dumps([files, sides, self._samples])


def _fingerprint(tokenizer: Any) -> str:
    """What the tokenizer makes of a sentence: two of the same kind may have different models."""
    sample = "The quick brown fox jumps over the lazy dog: 0123456789 äöüéèñç."
    return hashlib.sha256(str([list(tokenizer.text_to_ids(sample)), tokenizer.vocab_size]).encode()).hexdigest()[:16]


def _cut(sides: tuple[TokenTexts, TokenTexts], longest: int, place: str) -> tuple[TokenTexts, TokenTexts]:
    """Sentences of at most `longest` tokens; the end token stays."""
    cut: list[TokenTexts] = []
    for number, side in enumerate(sides):
        too_long = np.flatnonzero(side.lengths > longest)
        if len(too_long):
            logger.warning(
                "%s: %d sentences of side %d are longer than %d tokens (the first in line %d) and are cut; raise "
                "max_seq_length, or set clean to true to leave them out",
                place, len(too_long), number + 1, longest, int(too_long[0]) + 1,
            )  # fmt: skip
            texts = [text if len(text) <= longest else [*text[: longest - 1], text[-1]] for text in side]
            side = TokenTexts.of(texts)
        cut.append(side)
    return cut[0], cut[1]
