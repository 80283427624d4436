"""Class scores of each word of texts of any length, from a model that scores pieces.

texts -> pieces -> windows -> batches of similar length -> logits [B, S, C] -> log-probabilities of words [N, C]
B windows of a batch, S pieces of the longest, N words of a text, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.nlp.data.window_queries import WindowQueries
from nemo.collections.nlp.data.word_windows import WindowShape
from nemo.utils.exceptions import ConfigError

Scorer = Callable[[Tensor, Tensor, Tensor], Sequence[Tensor]]
"""input_ids, attention_mask and token_type_ids, all [B, S] -> logits [B, S, C] of each head."""

MANY_BATCHES = 20
"""From here on a progress bar says how far it is."""


def word_log_probs(
    score: Scorer,
    texts: Sequence[Sequence[str]],
    tokenizer: TokenizerSpec,
    shape: WindowShape,
    *,
    batch_size: int,
    device: torch.device,
    max_length: int | None = None,
    loader_options: Mapping[str, Any] | None = None,
) -> list[list[np.ndarray]]:
    """The log-probabilities of each word's classes; of a word in several windows, their sum.

    Args:
        score: the model, ready to infer.
        texts: words of each text; a text may have none.
        tokenizer: with `cls_id`, `sep_id` and `pad_id`.
        shape: windows of long texts.
        batch_size: windows computed together.
        device: where the model is.
        max_length: most pieces that the encoder takes; None: any number.
        loader_options: more options of the DataLoader, such as `num_workers`.

    Returns:
        For each text, for each head, [N, C]; an empty list for a text without words.

    Raises:
        ConfigError: a window is longer than the encoder takes.
    """
    dataset = WindowQueries(texts, tokenizer, shape)
    if max_length is not None and dataset.longest > max_length:
        raise ConfigError(
            f"max_seq_length is {shape.max_seq_length}, and the encoder has {max_length} positions. Expected at most "
            f"that many; longer texts are read through windows, so {max_length} is enough for any."
        )
    loader = DataLoader(
        dataset, **{"batch_size": batch_size, "collate_fn": dataset.collate_fn, **(loader_options or {})}
    )
    sums: list[list[np.ndarray]] = [[] for _ in texts]
    for batch in tqdm(loader, desc="windows", disable=len(loader) < MANY_BATCHES):
        tensors = (batch.input_ids, batch.input_mask, batch.segment_ids)
        for head, logits in enumerate(score(*(tensor.to(device) for tensor in tensors))):
            scores = torch.log_softmax(logits.float(), dim=-1).cpu().numpy()
            for row, (text, window) in enumerate(batch.windows):
                if len(sums[text]) <= head:
                    sums[text].append(np.zeros((len(texts[text]), scores.shape[-1]), dtype=np.float64))
                sums[text][head][window.words] += scores[row, 1 + window.places]  # 1: [CLS]
    return sums
