"""Intents and slots of lists of sentences: batches of similar length, in the order in which they were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from nemo.collections.nlp.data.intent_slots import IntentSlotInferenceDataset
from nemo.collections.nlp.data.slot_spans import SlotSpan, slot_spans
from nemo.collections.nlp.inference.evaluation_mode import evaluation_mode
from nemo.utils.exceptions import ConfigError

MANY_BATCHES = 20
"""From here on a progress bar says how far it is."""


@dataclass(frozen=True)
class IntentSlotResult:
    """What was found in a sentence."""

    words: list[str]
    intent_logits: Tensor
    """[I]."""
    slots: list[str]
    """The slot of each word; the one for none where a word is beyond the longest sentence."""
    spans: list[SlotSpan]
    """The filled slots."""


def find_intents_and_slots(model: Any, queries: Sequence[str], batch_size: int = 32) -> list[IntentSlotResult]:
    """Computes intents and slots of sentences; the model keeps its mode.

    Args:
        model: an IntentSlotClassificationModel.
        queries: the sentences; an empty one has no slots.
        batch_size: sentences computed together.

    Raises:
        ConfigError: a batch size below 1, or `queries` is one string.
    """
    if isinstance(queries, str) or batch_size < 1:
        given = f"queries is the string {queries[:40]!r}" if isinstance(queries, str) else f"batch_size is {batch_size}"
        raise ConfigError(f"{given}. Expected a list of sentences and a batch size of 1 or more.")
    dataset = IntentSlotInferenceDataset(queries, model.max_seq_length, model.tokenizer)
    order = sorted(range(len(dataset)), key=lambda index: len(dataset[index]), reverse=True)
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    loader = DataLoader(dataset, batch_sampler=batches, collate_fn=dataset.collate_fn)
    found: dict[int, IntentSlotResult] = {}
    with evaluation_mode(model):
        bar = tqdm(loader, desc="queries", disable=len(batches) < MANY_BATCHES)
        for numbers, batch in zip(batches, bar, strict=True):
            ids, segments, mask, _, starts = (tensor.to(model.device) for tensor in batch)
            intents, slots = model.forward(input_ids=ids, attention_mask=mask, token_type_ids=segments)
            given = slots.argmax(dim=-1)
            for row, number in enumerate(numbers):
                of_words = given[row][starts[row]].tolist()
                found[number] = _result(model, dataset.words[number], intents[row].float().cpu(), of_words)
    return [found[number] for number in range(len(dataset))]


def _result(model: Any, words: list[str], intent_logits: Tensor, numbers: Sequence[int]) -> IntentSlotResult:
    labels = model.slot_labels
    slots = [labels[number] for number in numbers] + [model.no_slot] * (len(words) - len(numbers))
    spans = slot_spans(words, slots, model.no_slot, model.slots_have_prefixes)
    return IntentSlotResult(words, torch.as_tensor(intent_logits), slots, spans)
