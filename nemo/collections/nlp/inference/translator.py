"""Translates lists of sentences: sorted by length, in batches, in the order in which they were given."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from nemo.collections.common.transformer.generation.generator import Generated
from nemo.collections.nlp.data.parallel_text import TextSide
from nemo.collections.nlp.data.token_batches import TokenTexts, plan_batches

logger = logging.getLogger(__name__)

TOKENS_IN_BATCH = 4096
"""Tokens of the sources that are translated together, padding included."""
SHOWS_PROGRESS_FROM = 1000
"""Sentences."""


@dataclass
class Translation:
    """What was found for one sentence, the best first."""

    texts: list[str]
    scores: Tensor
    """[K] sums of the log-probabilities of their tokens."""


@dataclass
class Timing:
    """Where the time went, in seconds."""

    mean_src_length: float = 0.0
    """Tokens of a sentence."""
    encoder: float = 0.0
    sampler: float = 0.0


TokenSearch = Callable[[Tensor, Tensor, Timing], Generated]
"""Tokens of sources [B, S] and where there is no padding [B, S] -> translations; it adds to the timing."""


class Translator:
    """Translates with whatever finds tokens of translations: one model, or several together.

    Args:
        search: finds them.
        source: how sentences become tokens.
        target: how tokens become sentences.
        longest: most tokens of a sentence, start and end included.
        in_one_batch: translate all sentences together and in the given order, as release 1 of the original does.
    """

    def __init__(
        self, search: TokenSearch, source: TextSide, target: TextSide, longest: int, in_one_batch: bool = False
    ) -> None:
        self._search, self._source, self._target = search, source, target
        self._longest, self._in_one_batch = longest, in_one_batch
        self.timing = Timing()

    def run(self, texts: Sequence[str]) -> list[Translation]:
        """Translates sentences; an empty one gives an empty one."""
        found = [Translation([""], torch.zeros(1)) for _ in texts]
        numbers = [number for number, text in enumerate(texts) if text.strip()]
        if not numbers:
            return found
        tokens = TokenTexts.of([self._tokens(texts[number], number) for number in numbers])
        lengths = tokens.lengths
        self.timing = Timing(mean_src_length=float(lengths.mean()))
        batches = [np.arange(len(numbers))]
        if not self._in_one_batch:
            batches = plan_batches(lengths, lengths, TOKENS_IN_BATCH)[::-1]  # long ones first: memory lacks at once
        with tqdm(total=len(numbers), desc="translating", disable=len(numbers) < SHOWS_PROGRESS_FROM) as bar:
            for batch in batches:
                padded = torch.from_numpy(tokens.padded(batch, int(self._source.tokenizer.pad_id)).astype(np.int64))
                for number, translation in zip(batch, self._translate(padded), strict=True):
                    found[numbers[number]] = translation
                bar.update(len(batch))
        return found

    def _tokens(self, text: str, number: int) -> list[int]:
        ids = self._source.tokens(text)
        if len(ids) > self._longest:
            logger.warning(
                "sentence %d has %d tokens, and the model takes %d: its end is left out. Split it. It begins: %s",
                number, len(ids), self._longest, text[:60],
            )  # fmt: skip
            ids = [*ids[: self._longest - 1], ids[-1]]
        return ids

    def _translate(self, tokens: Tensor) -> list[Translation]:
        result = self._search(tokens, tokens != self._source.tokenizer.pad_id, self.timing)
        rows = zip(result.tokens.tolist(), result.scores.cpu(), strict=True)
        return [Translation([text_of(row, self._target) for row in texts], scores) for texts, scores in rows]


def text_of(tokens: Sequence[int], side: TextSide) -> str:
    """Readable text of tokens; those of start, end and padding, and what comes after the end, are left out."""
    tokenizer = side.tokenizer
    ids = list(tokens)
    if tokenizer.eos_id in ids:
        ids = ids[: ids.index(tokenizer.eos_id)]
    left_out = {tokenizer.bos_id, tokenizer.pad_id}
    # the classifier has a few classes more than there are tokens, since its size was rounded up
    text = str(tokenizer.ids_to_text([i for i in ids if i not in left_out and i < tokenizer.vocab_size]))
    return text if side.processor is None else side.processor.detokenize(text.split(" "))
