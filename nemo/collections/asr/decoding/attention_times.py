"""When the tokens of an attention decoder were spoken, as far as its attention to the encoder's frames tells.

tokens -> the decoder once more, all tokens at once -> weights of its attention to the frames, their mean over layers
and heads [U + 1, S] -> the best monotone path (each frame belongs to one token, in order) -> frames of tokens

Each token keeps the frames from the first to the last in which it has at least half of its highest weight. This is less
exact than the times of CTC and transducers: attention looks where it likes. In translations, whose words stand in
another order than what was said, it means little.

B batch, P tokens of the prompt, U tokens of the text, S encoder frames, N heads.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.decoding.ctc_greedy import FoldedPath
from nemo.collections.asr.decoding.forced_alignment import forced_align

PART_OF_HIGHEST = 0.5
FLOOR = 1e-8
"""Keeps the logarithm of a weight finite."""


def attention_paths(
    transformer_decoder: Any, states: Tensor, mask: Tensor, prompt: Sequence[int], texts: Sequence[Sequence[int]]
) -> list[FoldedPath]:
    """Frames of the tokens of a batch.

    Args:
        transformer_decoder: a ``TransformerDecoderNM``.
        states: [B, S, H] of the encoder.
        mask: [B, S], 1 where there is no padding.
        prompt: [P] tokens before each text, at least one.
        texts: tokens of each utterance.

    Returns:
        B paths; starts and ends rise and are within the utterance. More tokens than frames are spread evenly.
    """
    rows = [[*prompt, *text] for text in texts]
    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long, device=states.device)
    is_token = torch.zeros_like(ids, dtype=torch.bool)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row, device=ids.device)
        is_token[index, : len(row)] = True
    with _recorded(transformer_decoder.decoder) as layers, torch.no_grad():
        transformer_decoder(input_ids=ids, decoder_mask=is_token, encoder_embeddings=states, encoder_mask=mask)
        weights = torch.stack([_weights(heads, queries, keys, mask) for heads, queries, keys in layers]).mean(dim=0)
    weights = weights[:, len(prompt) - 1 :].cpu()  # the row of a token is that in which it was predicted
    frames = mask.long().sum(dim=1).tolist()
    return [
        _path(weight[: len(text) + 1, :count], text) for weight, text, count in zip(weights, texts, frames, strict=True)
    ]


@contextlib.contextmanager
def _recorded(decoder: Any) -> Iterator[list[list[Any]]]:
    """Within it, the decoder keeps of each layer's second attention: number of heads, projected queries and keys."""
    layers: list[list[Any]] = []
    with contextlib.ExitStack() as hooks:
        for layer in decoder.layers:
            attention = layer.second_sub_layer
            kept: list[Any] = [attention.num_attention_heads, None, None]
            layers.append(kept)
            for place, projection in ((1, attention.query_net), (2, attention.key_net)):

                def keep(_: Any, __: Any, output: Tensor, kept: list[Any] = kept, place: int = place) -> None:
                    kept[place] = output

                hooks.callback(projection.register_forward_hook(keep).remove)
        yield layers


def _weights(heads: int, queries: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
    """[B, L, S]: mean over the heads of softmax(queries · keys)."""
    of_heads = [each.unflatten(-1, (heads, -1)).transpose(1, 2).float() for each in (queries, keys)]
    scores = of_heads[0] @ of_heads[1].transpose(-1, -2) / math.sqrt(of_heads[0].shape[-1])
    return scores.masked_fill(~mask.bool()[:, None, None], -math.inf).softmax(dim=-1).mean(dim=1)


def _path(weights: Tensor, tokens: Sequence[int]) -> FoldedPath:
    """Frames of `tokens` [U] from weights [U + 1, S]; the last row is that of the end, and takes the silence there."""
    count, frames = weights.shape
    log_weights = weights.clamp(min=FLOOR).log().t()  # [S, U + 1]: a class for each token
    no_blank = torch.full((frames, 1), -math.inf)
    (aligned,) = forced_align(
        torch.cat([log_weights, no_blank], dim=1)[None],
        torch.tensor([frames]),
        torch.arange(count)[None],
        torch.tensor([count]),
    )
    if not aligned.spans:
        starts = [min(index * frames // max(count, 1), max(frames - 1, 0)) for index in range(len(tokens))]
        return FoldedPath(list(tokens), starts, [start + 1 for start in starts])
    starts, ends = [], []
    for index, span in enumerate(aligned.spans[: len(tokens)]):
        own = weights[index, span.start : span.end]
        strong = (own >= PART_OF_HIGHEST * own.max()).nonzero()[:, 0]
        starts.append(span.start + int(strong[0]))
        ends.append(span.start + int(strong[-1]) + 1)
    return FoldedPath(list(tokens), starts, ends)
