"""Loss and BLEU of evaluation sets (Papineni et al., 2002), as sacrebleu computes it (Post, 2018, arXiv 1804.08771)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nemo.utils.optional import require

logger = logging.getLogger(__name__)

BLEU_TOKENIZERS = {"zh": "zh", "ja": "char"}
"""Language -> how sacrebleu cuts it into words; the others by 13a. `ja-mecab` would need a package more."""


def corpus_bleu(translations: Sequence[str], references: Sequence[str], language: str = "en") -> float:
    """BLEU of a corpus between 0 and 100.

    Args:
        translations: what was found.
        references: what is right, in the same order.
        language: of both.

    Raises:
        MissingDependencyError: sacrebleu is not installed.
    """
    sacrebleu = require("sacrebleu", extra="nlp", purpose="BLEU")
    tokenizer = BLEU_TOKENIZERS.get(language, "13a")
    return float(sacrebleu.corpus_bleu(list(translations), [list(references)], tokenize=tokenizer, force=True).score)


def scores_of_batch(
    loss: Tensor, tokens: int, translations: list[str], references: list[str], prefix: str
) -> dict[str, Any]:
    """What is kept of a batch until the end of an epoch.

    Args:
        loss: mean over the tokens.
        tokens: how many.
        translations: what was found.
        references: what is right.
        prefix: val or test.
    """
    return {
        f"{prefix}_loss": loss.detach(),
        "num_non_pad_tokens": torch.tensor(tokens, device=loss.device),
        "translations": translations,
        "ground_truths": references,
    }


def combined_scores(outputs: Sequence[dict[str, Any]], prefix: str, language: str, examples: int) -> dict[str, Any]:
    """Loss of a token and BLEU of a set, from what its batches gave; logs a few translations.

    Args:
        outputs: of :func:`scores_of_batch`, those of all processes.
        prefix: val or test.
        language: of the translations.
        examples: how many translations are logged.
    """
    tokens = torch.stack([output["num_non_pad_tokens"] for output in outputs])
    losses = torch.stack([output[f"{prefix}_loss"] for output in outputs])
    loss = (losses.double() * tokens).sum() / tokens.sum()
    translations = [text for output in outputs for text in output["translations"]]
    references = [text for output in outputs for text in output["ground_truths"]]
    bleu = corpus_bleu(translations, references, language)
    step = max(1, len(translations) // max(examples, 1))
    for text, reference in list(zip(translations, references, strict=True))[::step][:examples]:
        logger.info("translated: %s | right: %s", text, reference)
    score = torch.tensor(bleu, dtype=torch.float32, device=loss.device)
    return {
        f"{prefix}_loss": loss.float(),
        "log": {f"{prefix}_loss": loss.float(), f"{prefix}_sacreBLEU": score},
    }
