"""Questions and passages for retrieval, in the files of MS MARCO.

`passages` and `queries` have ``id<TAB>text`` on each line. `query_to_passages` has on each line, tabs between, the id
of a query, that of a passage that answers it, and those of passages that do not.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nemo.collections.common.data.resumable_loader import SeededIndex
from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.encoder_inputs import EncoderInput, EncoderInputs
from nemo.collections.nlp.data.text_lines import TextLine, read_lines
from nemo.core.classes.dataset import Dataset
from nemo.utils.exceptions import ConfigError


class RetrievalBatch(NamedTuple):
    """B queries, and P passages of each: the right one first."""

    query_ids: Tensor
    """[B, T]."""
    query_mask: Tensor
    """[B, T] 1 where there is no padding."""
    query_types: Tensor
    """[B, T] zeros."""
    passage_ids: Tensor
    """[B, P, T]."""
    passage_mask: Tensor
    passage_types: Tensor


class PairBatch(NamedTuple):
    """B queries, each with its P passages as pairs of texts: the right one first."""

    input_ids: Tensor
    """[B, P, T]."""
    input_mask: Tensor
    input_type_ids: Tensor


@dataclass(frozen=True)
class Relevance:
    """A query, the passage that answers it, and passages that do not."""

    query: str
    right: str
    wrong: tuple[str, ...]


class BertInformationRetrievalDataset(Dataset):
    """Queries with one right and some wrong passages.

    Args:
        tokenizer: with `cls_id`, `sep_id` and `pad_id`.
        passages: file of passages.
        queries: file of queries.
        query_to_passages: file that says which belong together.
        num_negatives: wrong passages of each query; those of its line, drawn anew in each epoch in training.
        max_query_length: tokens of a query, without [CLS] and [SEP]; what is longer loses its end.
        max_passage_length: tokens of a passage.
        as_pairs: make pairs of texts, for :class:`~...BertJointIRModel`.
        num_samples: lines of `query_to_passages` that are read; -1: all.
        draws: take any of a line's wrong passages; False: the first ones.

    Raises:
        TextFileError: a line is not what it should be, or names an id that is not there.
        ConfigError: numbers that cannot be.
    """

    def __init__(
        self,
        tokenizer: Any,
        passages: str,
        queries: str,
        query_to_passages: str,
        num_negatives: int = 10,
        max_query_length: int = 31,
        max_passage_length: int = 190,
        as_pairs: bool = False,
        num_samples: int = -1,
        draws: bool = True,
    ) -> None:
        if num_negatives < 0 or max_query_length < 1 or max_passage_length < 1:
            raise ConfigError(
                f"num_negatives is {num_negatives}, max_query_length {max_query_length} and max_passage_length "
                f"{max_passage_length}. Expected 0 or more wrong passages, and 1 or more tokens of each text."
            )
        self._inputs = EncoderInputs(tokenizer)
        self._longest = max_query_length, max_passage_length
        self._passages, self._queries = read_texts(passages), read_texts(queries)
        self.relevances = read_relevances(query_to_passages, self._queries, self._passages, num_negatives, num_samples)
        self._negatives, self._as_pairs, self._draws = num_negatives, as_pairs, draws

    def __len__(self) -> int:
        return len(self.relevances)

    def __getitem__(self, index: int) -> list[EncoderInput]:
        """The query and its passages; or the pairs."""
        entry = self.relevances[int(index)]
        wrong: Sequence[str] = entry.wrong[: self._negatives]
        if self._draws and isinstance(index, SeededIndex):
            wrong = random.Random(index.seed).sample(entry.wrong, self._negatives)
        query = self._tokens(self._queries[entry.query], self._longest[0])
        passages = [self._tokens(self._passages[key], self._longest[1]) for key in (entry.right, *wrong)]
        if self._as_pairs:
            return [self._pair(query, passage) for passage in passages]
        return [self._pair(text) for text in (query, *passages)]

    def _tokens(self, text: str, longest: int) -> list[int]:
        return [int(token) for token in self._inputs.tokenizer.text_to_ids(text)][:longest]

    def _pair(self, first: list[int], second: list[int] | None = None) -> EncoderInput:
        head = [self._inputs.cls_id, *first, self._inputs.sep_id]
        return EncoderInput(head if second is None else [*head, *second, self._inputs.sep_id], len(head))

    def _collate_fn(self, batch: list[list[EncoderInput]]) -> Any:
        if self._as_pairs:
            ids, types, mask = self._grouped(batch)
            return PairBatch(ids, mask, types)
        query_ids, query_types, query_mask = self._inputs.padded([sample[0] for sample in batch])
        ids, types, mask = self._grouped([sample[1:] for sample in batch])
        return RetrievalBatch(query_ids, query_mask, query_types, ids, mask, types)

    def _grouped(self, batch: list[list[EncoderInput]]) -> list[Tensor]:
        flat = self._inputs.padded([each for sample in batch for each in sample])
        return [tensor.unflatten(0, (len(batch), -1)) for tensor in flat]


def read_texts(path: str) -> dict[str, str]:
    """Id -> text, of a file with ``id<TAB>text`` on each line.

    Raises:
        TextFileError: a line has no tab, no text, or the id of an earlier one.
    """
    texts: dict[str, str] = {}
    places: dict[str, TextLine] = {}
    for line in read_lines(path):
        key, tab, text = line.text.partition("\t")
        if not tab or not key.strip() or not text.strip():
            raise TextFileError(
                f"{line.place} is {line.text[:60]!r}. Expected id<TAB>text, both not empty; mend the line."
            )
        key = key.strip()
        if key in texts:
            raise TextFileError(
                f"{line.place} has the id {key!r}, which line {places[key].number} has already. Expected each id once; "
                "remove one of the lines."
            )
        texts[key], places[key] = text.strip(), line
    return texts


def read_relevances(
    path: str, queries: dict[str, str], passages: dict[str, str], num_negatives: int, num_samples: int = -1
) -> list[Relevance]:
    """What a file of ids says: query, right passage, wrong passages.

    Args:
        path: the file.
        queries: id -> text.
        passages: id -> text.
        num_negatives: wrong passages that each line needs.
        num_samples: lines that are read; -1: all.

    Raises:
        TextFileError: a line has too few ids, or one that is not there.
    """
    found = []
    for line in read_lines(path, num_samples):
        ids = [each.strip() for each in line.text.split("\t")]
        if len(ids) < 2 + num_negatives:
            raise TextFileError(
                f"{line.place} has {len(ids)} ids. Expected a query, its passage and {num_negatives} others, with tabs "
                "between; add ids, or set num_negatives lower."
            )
        unknown = [ids[0]] if ids[0] not in queries else [each for each in ids[1:] if each not in passages]
        if unknown:
            kind = "queries" if ids[0] not in queries else "passages"
            raise TextFileError(
                f"{line.place} names {unknown[0]!r}, which is not among the {kind}. Expected ids of the two other "
                "files; mend the line."
            )
        found.append(Relevance(ids[0], ids[1], tuple(ids[2:])))
    return found


def right_is_first(scores: Tensor) -> Tensor:
    """[N] labels of queries whose right passage is the first: zeros."""
    return torch.zeros(scores.shape[0], dtype=torch.long, device=scores.device)
