"""Texts as vectors, and the texts nearest to a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from nemo.collections.nlp.data.encoder_inputs import EncoderInput, EncoderInputs
from nemo.collections.nlp.inference.evaluation_mode import evaluation_mode
from nemo.utils.exceptions import ConfigError

SHOWS_PROGRESS_FROM = 1000
"""Texts."""


def embed_texts(
    texts: Sequence[str],
    tokenizer: Any,
    embed: Callable[[Tensor, Tensor, Tensor], Tensor],
    model: nn.Module,
    max_seq_length: int,
    batch_size: int = 32,
) -> Tensor:
    """Vectors [N, H] of N texts on the CPU, in their order; batches are of similar length.

    Args:
        texts: plain text; what is too long loses its end.
        tokenizer: with `cls_id`, `sep_id` and `pad_id`.
        embed: ids, mask and types [B, T] -> [B, H].
        model: whose parameters say the device, and which is in evaluation mode meanwhile.
        max_seq_length: tokens of a text, [CLS] and [SEP] included.
        batch_size: texts computed together.

    Raises:
        ConfigError: a batch size below 1, no text, or `texts` is one string.
    """
    if batch_size < 1 or isinstance(texts, str) or not len(texts):
        given = f"texts is {str(texts)[:40]!r}" if isinstance(texts, str) or not len(texts) else f"{batch_size=}"
        raise ConfigError(f"{given}. Expected a list of texts, at least one, and a batch size of 1 or more.")
    maker = EncoderInputs(tokenizer)
    inputs = []
    for text in texts:
        tokens = [int(token) for token in tokenizer.text_to_ids(text)][: max_seq_length - 2]
        inputs.append(EncoderInput([maker.cls_id, *tokens, maker.sep_id], len(tokens) + 2))
    order = sorted(range(len(texts)), key=lambda number: len(inputs[number].ids), reverse=True)
    device = next(model.parameters()).device
    vectors: list[Tensor] = [torch.empty(0)] * len(texts)
    with evaluation_mode(model), tqdm(total=len(texts), unit="text", disable=len(texts) < SHOWS_PROGRESS_FROM) as bar:
        for start in range(0, len(order), batch_size):
            numbers = order[start : start + batch_size]
            ids, types, mask = (tensor.to(device) for tensor in maker.padded([inputs[number] for number in numbers]))
            for number, vector in zip(numbers, embed(ids, mask, types).float().cpu(), strict=True):
                vectors[number] = vector
            bar.update(len(numbers))
    return torch.stack(vectors).clone()


def nearest(queries: Tensor, passages: Tensor, k: int, block: int = 4096) -> tuple[Tensor, Tensor]:
    """The k passages with the largest product with each query.

    Args:
        queries: [N, H].
        passages: [M, H].
        k: at most M are found.
        block: queries that are compared at once.

    Returns:
        Products [N, k] and numbers of the passages [N, k], the largest first.
    """
    if k < 1:
        raise ConfigError(f"k is {k}. Expected the number of passages to find, 1 or more.")
    count = min(k, passages.shape[0])
    parts = [(part @ passages.T).topk(count, dim=1) for part in queries.split(block)]
    return torch.cat([part.values for part in parts]), torch.cat([part.indices for part in parts])
