"""The logits of lists of texts: batches of similar length, no gradient, and the order in which they were given."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from nemo.collections.nlp.data.labelled_text import TextClassificationDataset
from nemo.collections.nlp.inference.evaluation_mode import evaluation_mode
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

SHOWS_PROGRESS_FROM = 1000
"""Texts."""


def text_logits(model: Any, queries: Sequence[str], batch_size: int = 1, max_seq_length: int = -1) -> Tensor:
    """Logits [N, C] of N texts, on the CPU; the model keeps its mode.

    Args:
        model: with `tokenizer`, `bert_model` and a `forward` from tokens to logits [B, C].
        queries: the texts; an empty one is [CLS] [SEP].
        batch_size: texts computed together.
        max_seq_length: most tokens of a text; -1, or more than the encoder has: as many as the encoder takes.

    Raises:
        ConfigError: a batch size below 1, or `queries` is one string.
    """
    if batch_size < 1 or isinstance(queries, str):
        given = f"queries is the string {queries[:40]!r}" if isinstance(queries, str) else f"batch_size is {batch_size}"
        raise ConfigError(f"{given}. Expected a list of texts and a batch size of 1 or more.")
    if not len(queries):
        return torch.zeros(0, model.num_classes)
    limit = model.bert_model.max_length
    longest = max_seq_length if limit is None or 0 < max_seq_length < limit else limit
    dataset = TextClassificationDataset(model.tokenizer, queries=queries, max_seq_length=longest)
    if dataset.inputs.cut:
        logger.warning(
            "%d of %d texts have more than %d tokens and were cut", dataset.inputs.cut, len(queries), longest
        )
    order = np.argsort(-dataset.lengths, kind="stable")  # long ones first: where memory lacks, it shows at once
    found: list[Tensor] = []
    with evaluation_mode(model), tqdm(total=len(order), desc="texts", disable=len(order) < SHOWS_PROGRESS_FROM) as bar:
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            ids, types, mask, _ = dataset.collate_fn([dataset[int(index)] for index in chosen])
            logits = model.forward(
                input_ids=ids.to(model.device),
                token_type_ids=types.to(model.device),
                attention_mask=mask.to(model.device),
            )
            found.append(logits.float().cpu())
            bar.update(len(chosen))
    in_order = torch.cat(found)
    return in_order[torch.from_numpy(np.argsort(order, kind="stable"))]
