"""Text with hidden tokens, for pre-training of BERT (Devlin et al., 2019, arXiv:1810.04805, 3.1 and A.2).

Documents are separated by empty lines; a line is a sentence. Neighbouring sentences of a document fill up one example:
``[CLS] A [SEP] B [SEP]``, where B is what follows A, or in half of the examples a part of another document; without
next-sentence prediction ``[CLS] A [SEP]``. What is drawn for an example depends on its number, the epoch and the seed
alone, so each epoch hides other tokens and a run that was interrupted goes on as it would have.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from nemo.collections.common.data.resumable_loader import SeededIndex
from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.collections.nlp.data.token_batches import TokenTexts
from nemo.core.classes.dataset import Dataset
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

KEPT, REPLACED = 0.1, 0.1
"""Of the tokens that are to be guessed, these parts stay or become another one; the rest is masked."""


class MaskedBatch(NamedTuple):
    """B examples of T tokens."""

    input_ids: Tensor
    """[B, T] with hidden tokens."""
    input_type_ids: Tensor
    """[B, T] 0 for A, 1 for B."""
    input_mask: Tensor
    """[B, T] 1 where there is no padding."""
    output_ids: Tensor
    """[B, T] the true tokens."""
    output_mask: Tensor
    """[B, T] 1 for tokens that are to be guessed."""
    labels: Tensor
    """[B] 1 where B follows A."""


@dataclass(frozen=True)
class MaskedExample:
    """One example; arrays of its length, as :class:`MaskedBatch` has them."""

    input_ids: np.ndarray
    input_type_ids: np.ndarray
    output_ids: np.ndarray
    output_mask: np.ndarray
    label: int


class TokenMasker:
    """Hides tokens: 80 % of the chosen ones become the mask, 10 % another token, 10 % stay.

    Args:
        tokenizer: with `mask_id`, `cls_id`, `sep_id` and `pad_id`.
        mask_prob: part of the tokens that is chosen, at least one.

    Raises:
        ConfigError: the tokenizer lacks a token, or the part is none.
    """

    def __init__(self, tokenizer: Any, mask_prob: float = 0.15) -> None:
        if not 0 < mask_prob <= 1:
            raise ConfigError(f"mask_prob is {mask_prob}. Expected a part of the tokens, above 0 and up to 1.")
        self.cls, self.sep, self.pad, self.mask = special_ids(tokenizer)
        self._mask_prob = mask_prob
        special = {self.cls, self.sep, self.pad, self.mask}
        self._others = np.array([token for token in range(int(tokenizer.vocab_size)) if token not in special])

    def hide(self, tokens: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Tokens [T] -> with hidden ones [T], and 1 where they are to be guessed [T]."""
        places = np.flatnonzero((tokens != self.cls) & (tokens != self.sep))
        count = min(len(places), max(1, round(len(places) * self._mask_prob)))
        chosen = generator.permutation(places)[:count]
        fate = generator.random(count)
        hidden, is_chosen = tokens.copy(), np.zeros_like(tokens)
        is_chosen[chosen] = 1
        hidden[chosen[fate >= KEPT + REPLACED]] = self.mask
        replaced = chosen[(fate >= KEPT) & (fate < KEPT + REPLACED)]
        hidden[replaced] = generator.choice(self._others, len(replaced))
        return hidden, is_chosen


class BertPretrainingDataset(Dataset):
    """Examples with hidden tokens from a text; see the head of this file.

    Args:
        tokenizer: with `cls_id`, `sep_id`, `pad_id` and `mask_id`.
        data_file: the text.
        max_seq_length: tokens of an example, [CLS] and [SEP] included.
        mask_prob: part of the tokens that is to be guessed.
        short_seq_prob: part of the examples that is made shorter, to a random length.
        next_sentence: make pairs; False: examples have no B.
        seed: of what is drawn where a loader gives no seed for each example.
        num_samples: lines that are read; -1: all.
        new_in_each_epoch: hide other tokens in each epoch; False: an example is always the same, for evaluation.

    Raises:
        TextFileError: the file cannot be read, or has too little text.
        ConfigError: numbers that cannot be.
    """

    def __init__(
        self,
        tokenizer: Any,
        data_file: str,
        max_seq_length: int = 128,
        mask_prob: float = 0.15,
        short_seq_prob: float = 0.1,
        next_sentence: bool = True,
        seed: int = 0,
        num_samples: int = -1,
        new_in_each_epoch: bool = True,
    ) -> None:
        self._masker = TokenMasker(tokenizer, mask_prob)
        self._next_sentence, self._short_seq_prob, self._seed = next_sentence, short_seq_prob, seed
        self._new_in_each_epoch = new_in_each_epoch
        self._room = max_seq_length - (3 if next_sentence else 2)
        if self._room < 2 or not 0 <= short_seq_prob <= 1:
            raise ConfigError(
                f"max_seq_length is {max_seq_length} and short_seq_prob {short_seq_prob}. Expected 5 tokens or more, "
                "and a part of the examples between 0 and 1."
            )
        self._sentences, self._document_of = _read_sentences(tokenizer, data_file, num_samples)
        if next_sentence and len(self._sentences) < 2:
            raise TextFileError(
                f"{data_file} has one sentence. Expected two or more, one a line, for next-sentence prediction; give "
                "more text, or set only_mlm_loss to true."
            )
        self._chunks = self._packed()

    def __len__(self) -> int:
        return len(self._chunks)

    def __getitem__(self, index: int) -> MaskedExample:
        seed = index.seed if isinstance(index, SeededIndex) and self._new_in_each_epoch else self._seed
        generator = np.random.default_rng((int(index), seed))
        first, last = self._chunks[int(index)]
        room = self._room
        if generator.random() < self._short_seq_prob:
            room = int(generator.integers(2, self._room + 1))
        if self._next_sentence:
            return self._pair(first, last, room, generator)
        tokens = _cut(self._joined(first, last), room, generator)
        return self._example([tokens], 1, generator)

    def _pair(self, first: int, last: int, room: int, generator: np.random.Generator) -> MaskedExample:
        """Example of the sentences from `first` up to `last`, in two parts."""
        border = int(generator.integers(first + 1, last)) if last - first > 1 else last
        follows = last - first > 1 and generator.random() >= 0.5
        a = self._joined(first, border)
        b = self._joined(border, last) if follows else self._elsewhere(first, border, room - len(a), generator)
        a, b = _cut_pair(a, b, room, generator)
        return self._example([a, b], int(follows), generator)

    def _elsewhere(self, first: int, border: int, room: int, generator: np.random.Generator) -> np.ndarray:
        """Sentences of another document; of the same one, but not the next, where there is no other."""
        document = self._document_of[first]
        others = np.flatnonzero(self._document_of != document)
        if not len(others):
            numbers = np.arange(len(self._sentences))
            others = numbers[numbers != border]
        start = int(generator.choice(others))
        end, length = start, 0
        while end < len(self._sentences) and self._document_of[end] == self._document_of[start] and length < room:
            length += len(self._sentences[end])
            end += 1
        return self._joined(start, max(end, start + 1))

    def _joined(self, first: int, last: int) -> np.ndarray:
        return np.concatenate([self._sentences[number] for number in range(first, last)])

    def _example(self, parts: Sequence[np.ndarray], label: int, generator: np.random.Generator) -> MaskedExample:
        masker = self._masker
        pieces, types = [np.array([masker.cls])], [np.zeros(1, dtype=np.int64)]
        for number, part in enumerate(parts):
            pieces += [part, np.array([masker.sep])]
            types.append(np.full(len(part) + 1, number))
        tokens = np.concatenate(pieces).astype(np.int64)
        hidden, is_chosen = masker.hide(tokens, generator)
        return MaskedExample(hidden, np.concatenate(types), tokens, is_chosen, label)

    def _packed(self) -> list[tuple[int, int]]:
        """Runs of neighbouring sentences of one document that fill an example: first, and the one after the last."""
        lengths, chunks = self._sentences.lengths, []
        first = total = 0
        for number in range(len(lengths)):
            ends_document = number > first and self._document_of[number] != self._document_of[first]
            if number > first and (ends_document or total + lengths[number] > self._room):
                chunks.append((first, number))
                first, total = number, 0
            total += int(lengths[number])
        chunks.append((first, len(lengths)))
        return chunks

    def _collate_fn(self, batch: list[MaskedExample]) -> MaskedBatch:
        return collate_masked(batch, self._masker.pad)


def special_ids(tokenizer: Any) -> tuple[int, int, int, int]:
    """Ids of [CLS], [SEP], padding and mask.

    Raises:
        ConfigError: the tokenizer lacks one of them.
    """
    names = ("cls_id", "sep_id", "pad_id", "mask_id")
    found = [getattr(tokenizer, name, None) for name in names]
    lacking = [name for name, token in zip(names, found, strict=True) if token is None or token < 0]
    if lacking:
        raise ConfigError(
            f"The tokenizer has no {', '.join(lacking)}. Expected the special tokens of BERT; name them in "
            "model.tokenizer.special_tokens: {cls_token: '[CLS]', sep_token: '[SEP]', pad_token: '[PAD]', mask_token: "
            "'[MASK]'}."
        )
    cls, sep, pad, mask = (int(token) for token in found)  # type: ignore[arg-type]
    return cls, sep, pad, mask


def collate_masked(batch: Sequence[MaskedExample], pad: int) -> MaskedBatch:
    """Examples as one batch, padded to the longest."""
    longest = max(len(example.input_ids) for example in batch)

    def padded(name: str, filling: int) -> Tensor:
        rows = torch.full((len(batch), longest), filling, dtype=torch.long)
        for row, example in zip(rows, batch, strict=True):
            values = getattr(example, name)
            row[: len(values)] = torch.from_numpy(np.asarray(values, dtype=np.int64))
        return rows

    lengths = torch.tensor([len(example.input_ids) for example in batch])
    mask = (torch.arange(longest)[None, :] < lengths[:, None]).long()
    labels = torch.tensor([example.label for example in batch])
    types, outputs = padded("input_type_ids", 0), padded("output_mask", 0)
    return MaskedBatch(padded("input_ids", pad), types, mask, padded("output_ids", pad), outputs, labels)


def _read_sentences(tokenizer: Any, data_file: str, num_samples: int) -> tuple[TokenTexts, np.ndarray]:
    """The sentences of a text as tokens, and the number of the document of each."""
    sentences, documents, document = [], [], 0
    for line in read_lines(data_file, num_samples):
        if not line.text.strip():
            document += 1
            continue
        tokens = tokenizer.text_to_ids(line.text)
        if tokens:
            sentences.append(tokens)
            documents.append(document)
    if not sentences:
        raise TextFileError(
            f"{data_file} has no text. Expected one sentence a line, and an empty line between documents; check it."
        )
    return TokenTexts.of(sentences), np.array(documents)


def _cut(tokens: np.ndarray, room: int, generator: np.random.Generator) -> np.ndarray:
    """A part of `room` tokens at a random place."""
    start = int(generator.integers(0, max(len(tokens) - room, 0) + 1))
    return tokens[start : start + room]


def _cut_pair(a: np.ndarray, b: np.ndarray, room: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Takes tokens from both ends of the longer part, until both fit; each keeps one at least."""
    excess = len(a) + len(b) - room
    if excess <= 0:
        return a, b
    # as taking them one by one from whichever is longer
    longer, shorter = max(len(a), len(b)), min(len(a), len(b))
    kept_longer = max(room - shorter, -(-room // 2))
    kept_shorter = room - kept_longer
    sizes = (kept_longer, kept_shorter) if len(a) == longer else (kept_shorter, kept_longer)
    return _trimmed(a, max(sizes[0], 1), generator), _trimmed(b, max(sizes[1], 1), generator)


def _trimmed(tokens: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    excess = len(tokens) - size
    front = int(generator.binomial(excess, 0.5)) if excess > 0 else 0
    return tokens[front : front + size]
