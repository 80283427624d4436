"""Heteronyms in their sentences, with the readings that each may have."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from nemo.collections.common.data.manifest import read_manifest_objects
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.g2p.heteronyms import Span, get_heteronym_spans
from nemo.collections.tts.g2p.spelling_pairs import no_pair, text_of
from nemo.core.classes.dataset import Dataset

Occurrence = tuple[list[int], int, list[int], int]
"""Pieces of the sentence, the place of the word's first, the numbers of its readings, the right one or -1."""


class HeteronymBatch(NamedTuple):
    """A row for each heteronym: a sentence with two stands in two."""

    input_ids: Tensor
    """[N, T]"""
    attention_mask: Tensor
    """[N, T], 1 for a piece, 0 for padding."""
    positions: Tensor
    """[N] first piece of the word."""
    candidates: Tensor
    """[N, C], True for the readings that the word has."""
    targets: Tensor | None = None
    """[N] the right reading."""


class HeteronymClassificationDataset(Dataset):
    """The heteronyms of a manifest's sentences.

    A line has `text_graphemes` (the sentence), `start_end` (first character of the word, and the one after its last),
    `homograph_span` (the word as it stands there) and `word_id`; for several heteronyms each of these three is a list.
    Without `start_end` the heteronyms are looked for. Of a long sentence the part around the word is read.

    Args:
        manifest: JSON lines, or their objects.
        tokenizer: text -> ids, with `cls_id`, `sep_id`, `pad_id`, `unk_id`.
        wordid_to_idx: id of a reading -> its number.
        heteronyms: word in small letters -> the ids of its readings.
        grapheme_field: key of the sentence.
        max_seq_len: pieces at most.
        with_labels: False: `word_id` is not read.

    Raises:
        ManifestError: a line lacks a key, its span holds no heteronym, or the id is none of the word's.
    """

    def __init__(
        self,
        manifest: str | os.PathLike[str] | Sequence[Mapping[str, Any]],
        tokenizer: Any,
        wordid_to_idx: Mapping[str, int],
        heteronyms: Mapping[str, Sequence[str]],
        grapheme_field: str = "text_graphemes",
        max_seq_len: int = 512,
        with_labels: bool = True,
    ) -> None:
        self.tokenizer, self.wordid_to_idx, self.heteronyms = tokenizer, wordid_to_idx, heteronyms
        self.max_seq_len, self.with_labels = max_seq_len, with_labels
        is_file = isinstance(manifest, (str, os.PathLike))
        items: Any = read_manifest_objects(manifest) if is_file else manifest  # type: ignore[arg-type]
        self.spans: list[list[Span]] = []
        """The heteronyms of each line, in the order of the rows."""
        self.occurrences: list[Occurrence] = []
        for number, item in enumerate(items, start=1):
            place = f"{manifest} entry {number}" if is_file else f"sentence {number}"
            sentence = text_of(item, grapheme_field, place)
            spans = _spans(item, sentence, heteronyms, place)
            wordids = _as_list(item.get("word_id")) if with_labels else [None] * len(spans)
            if len(wordids) != len(spans):
                raise ManifestError(
                    f"{place} has {len(spans)} heteronyms and {len(wordids)} word_id. Expected one for each; mend the "
                    "line."
                )
            self.spans.append(spans)
            for span, wordid in zip(spans, wordids, strict=True):
                self.occurrences.append(self._occurrence(sentence, span, wordid, place))
        if not self.occurrences and with_labels:
            raise no_pair(str(manifest))

    def __len__(self) -> int:
        return len(self.occurrences)

    def __getitem__(self, index: int) -> Occurrence:
        return self.occurrences[index]

    def _occurrence(self, sentence: str, span: Span, wordid: str | None, place: str) -> Occurrence:
        start, end = span
        readings = self.heteronyms[sentence[start:end].lower()]
        if self.with_labels and wordid not in readings:
            raise ManifestError(
                f"{place} has the word_id {wordid!r} for {sentence[start:end]!r}. Expected one of "
                f"{', '.join(readings)}; mend the line or the table of word ids."
            )
        before, word, after = (
            [int(piece) for piece in self.tokenizer.text_to_ids(part)]
            for part in (sentence[:start], sentence[start:end], sentence[end:])
        )
        pieces = [*before, *(word or [self.tokenizer.unk_id]), *after]
        room = self.max_seq_len - 2
        first = max(0, min(len(before) - room // 2, len(pieces) - room))
        ids = [self.tokenizer.cls_id, *pieces[first : first + room], self.tokenizer.sep_id]
        numbers = [self.wordid_to_idx[reading] for reading in readings]
        return ids, len(before) - first + 1, numbers, -1 if wordid is None else self.wordid_to_idx[wordid]

    def _collate_fn(self, batch: list[Occurrence]) -> HeteronymBatch:
        rows = [torch.tensor(ids) for ids, *_ in batch]
        candidates = torch.zeros(len(batch), len(self.wordid_to_idx), dtype=torch.bool)
        for row, (_, _, numbers, _) in enumerate(batch):
            candidates[row, numbers] = True
        return HeteronymBatch(
            pad_sequence(rows, batch_first=True, padding_value=self.tokenizer.pad_id),
            pad_sequence([torch.ones_like(row) for row in rows], batch_first=True),
            torch.tensor([position for _, position, *_ in batch]),
            candidates,
            torch.tensor([target for *_, target in batch]) if self.with_labels else None,
        )


def _spans(item: Mapping[str, Any], sentence: str, heteronyms: Mapping[str, Any], place: str) -> list[Span]:
    """Where a line says that its heteronyms are, or where they are."""
    given = item.get("start_end")
    if given is None:
        return get_heteronym_spans([sentence], heteronyms)[0][0]
    pairs = given if given and isinstance(given[0], (list, tuple)) else [given]
    named = _as_list(item.get("homograph_span")) or [None] * len(pairs)
    for pair, name in zip(pairs, named, strict=False):
        is_pair = len(pair) == 2 and all(isinstance(each, int) for each in pair)
        word = sentence[pair[0] : pair[1]] if is_pair else ""
        if word.lower() not in heteronyms or (name is not None and str(name).lower() != word.lower()):
            raise ManifestError(
                f"{place} has start_end {pair}, where {sentence!r} has {word!r}"
                f"{'' if name is None else f' instead of {name!r}'}. Expected the first character of a heteronym of "
                "the table, and the one after its last; mend the line."
            )
    return [(int(start), int(end)) for start, end in pairs]


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
