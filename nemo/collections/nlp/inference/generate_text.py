"""Texts that a language model writes, and how probable it holds given ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypedDict

import torch
from torch import Tensor
from tqdm import tqdm

from nemo.collections.common.transformer.generation.greedy import greedy_search
from nemo.collections.common.transformer.generation.scorer import CausalScorer
from nemo.collections.common.transformer.generation.token_choice import drawing
from nemo.collections.nlp.data.sentence_lm import padded_sentences, sentence_ids
from nemo.collections.nlp.inference.evaluation_mode import evaluation_mode
from nemo.utils.exceptions import ConfigError, NotYetSupportedError, ShapeError


class LengthParam(TypedDict, total=False):
    """How many tokens are generated."""

    max_length: int
    """At most; 30 where it is not given."""
    min_length: int
    """At least; 0 where it is not given."""


class SamplingParam(TypedDict, total=False):
    """How tokens are chosen."""

    use_greedy: bool
    """The most probable token each time; False where it is not given."""
    temperature: float
    """Below 1 probable tokens come more often, above 1 less often; 1."""
    top_k: int
    """Draw from the k most probable tokens; 0: from all."""
    top_p: float
    """Draw from the fewest tokens that have this probability together; 1: from all."""
    repetition_penalty: float
    """Only 1."""
    add_BOS: bool
    """Begin with the start token; it always does, as in training."""
    all_probs: bool
    """Not used."""
    compute_logprob: bool
    """Not used: they are always given."""


@dataclass
class GeneratedTexts:
    """What was generated, in the order of the inputs."""

    sentences: list[str]
    """Input and what follows."""
    token_ids: list[list[int]]
    """Of both, without start and end."""
    logprob: list[float]
    """Natural logarithm of the probability of what was generated, the end included if it came."""


def generate(
    model: Any,
    inputs: list[str],
    length_params: LengthParam | None = None,
    sampling_params: SamplingParam | None = None,
    *,
    batch_size: int = 8,
    seed: int | None = None,
    verbose: bool = False,
) -> GeneratedTexts:
    """Writes on; see :meth:`~nemo.collections.nlp.models.transformer_lm.TransformerLMModel.generate`.

    Texts are computed together whose beginnings have the same number of tokens, so that there is no padding.
    """
    shortest, longest = _limits(length_params)
    bos, eos, pad = sentence_ids(model.tokenizer)
    prompts = [[bos, *model.tokenizer.text_to_ids(text)] for text in inputs]
    _check_positions(model, max(map(len, prompts), default=0) + longest)
    device = next(model.parameters()).device
    generator = None if seed is None else torch.Generator(device).manual_seed(seed)
    ids: list[list[int]] = [[] for _ in inputs]
    scores = [0.0] * len(inputs)
    with evaluation_mode(model), tqdm(total=len(inputs), unit="text", disable=not verbose) as progress:
        for numbers in _alike(prompts, batch_size):
            first = torch.tensor([prompts[number] for number in numbers], device=device)
            scorer = CausalScorer(
                model.encoder.embedding,
                model.encoder.encoder,
                model.log_softmax,
                int(model.tokenizer.vocab_size),
                capacity=min(first.shape[1] + longest, 128),
            )
            limits = torch.full((len(numbers),), longest, device=device)
            choose = _Choice(_token_choice(sampling_params, generator), eos, shortest, (bos, pad))
            found = greedy_search(scorer, first, limits, eos, pad, choose)
            for row, number in enumerate(numbers):
                length = first.shape[1] + int(found.lengths[row, 0])
                tokens = found.tokens[row, 0, 1:length].tolist()
                ids[number] = tokens[:-1] if tokens and tokens[-1] == eos else tokens
                scores[number] = float(found.scores[row, 0])
            progress.update(len(numbers))
    return GeneratedTexts([model.tokenizer.ids_to_text(tokens) for tokens in ids], ids, scores)


def score_texts(model: Any, texts: list[str], batch_size: int = 32, verbose: bool = False) -> list[list[float]]:
    """Natural logarithms of the probability of each token of each text, the end included.

    Args:
        model: a language model.
        texts: plain text.
        batch_size: texts computed together, those of similar length.
        verbose: show a progress bar.

    Raises:
        ShapeError: a text has more tokens than the model has learned positions.
    """
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}. Expected 1 or more; set it.")
    bos, eos, pad = sentence_ids(model.tokenizer)
    tokens = [[bos, *model.tokenizer.text_to_ids(text), eos] for text in texts]
    _check_positions(model, max(map(len, tokens), default=0) - 1)
    device = next(model.parameters()).device
    order = sorted(range(len(texts)), key=lambda number: len(tokens[number]), reverse=True)
    results: list[list[float]] = [[] for _ in texts]
    with evaluation_mode(model), tqdm(total=len(texts), unit="text", disable=not verbose) as progress:
        for start in range(0, len(order), batch_size):
            numbers = order[start : start + batch_size]
            input_ids, mask = padded_sentences([tokens[number] for number in numbers], pad)
            losses = model.token_losses(input_ids.to(device), mask.to(device))
            for row, number in enumerate(numbers):
                results[number] = [-loss for loss in losses[row, : len(tokens[number]) - 1].tolist()]
            progress.update(len(numbers))
    return results


class _Choice:
    """A token for each row: no start, no padding, and no end before so many tokens."""

    def __init__(
        self, choose: Callable[[Tensor], Tensor] | None, eos: int, shortest: int, never: tuple[int, ...]
    ) -> None:
        self._choose, self._eos, self._shortest = choose, eos, shortest
        self._never = [token for token in never if token != eos]
        self._steps = 0

    def __call__(self, log_probs: Tensor) -> Tensor:
        banned = [*self._never, self._eos] if self._steps < self._shortest else self._never
        self._steps += 1
        log_probs = log_probs.index_fill(1, torch.tensor(banned, device=log_probs.device), float("-inf"))
        return log_probs.argmax(dim=-1) if self._choose is None else self._choose(log_probs)


def _token_choice(params: SamplingParam | None, generator: torch.Generator | None) -> Callable[[Tensor], Tensor] | None:
    if params is None or params.get("use_greedy"):
        return None
    if params.get("repetition_penalty", 1.0) != 1.0:
        raise NotYetSupportedError(
            f"repetition_penalty is {params['repetition_penalty']}, which is not in this release. Set it to 1.0; top_p "
            "below 1 also keeps texts from going round in circles."
        )
    temperature, top_k, top_p = params.get("temperature", 1.0), params.get("top_k", 0), params.get("top_p", 1.0)
    return drawing(float(temperature), int(top_k), float(top_p), generator)


def _limits(params: LengthParam | None) -> tuple[int, int]:
    given = params or {}
    shortest, longest = int(given.get("min_length", 0)), int(given.get("max_length", 30))
    if not 0 <= shortest <= longest or longest < 1:
        raise ConfigError(
            f"max_length is {longest} and min_length {shortest}. Expected tokens: a max_length of 1 or more, and a "
            "min_length from 0 up to it."
        )
    return shortest, longest


def _check_positions(model: Any, longest: int) -> None:
    if model.max_length is not None and longest > model.max_length:
        raise ShapeError(
            f"A text would have {longest} tokens, and the model has learned {model.max_length} positions. Shorten the "
            "text (or max_length), or train a model with a larger encoder.max_sequence_length."
        )


def _alike(prompts: list[list[int]], batch_size: int) -> Iterator[list[int]]:
    """Numbers of prompts of the same length, at most `batch_size` together."""
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}. Expected 1 or more; set it.")
    by_length: dict[int, list[int]] = {}
    for number, prompt in enumerate(prompts):
        by_length.setdefault(len(prompt), []).append(number)
    for numbers in by_length.values():
        for start in range(0, len(numbers), batch_size):
            yield numbers[start : start + batch_size]
