"""Finds any number of intents of a sentence, and its slots.

The network is that of one intent; each intent has a probability of its own, and is there from a threshold on.
B batch, I intents.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any

import torch
from omegaconf import open_dict
from torch import Tensor

from nemo.collections.common.losses.bce_logits_loss import BCEWithLogitsLoss
from nemo.collections.nlp.data.intent_slot_files import read_sentences
from nemo.collections.nlp.data.intent_slots import (
    IntentSlotClassificationDataset,
    MultiLabelIntentSlotClassificationDataset,
)
from nemo.collections.nlp.metrics.best_threshold import best_threshold
from nemo.collections.nlp.models.intent_slot import IntentSlotClassificationModel, batch_size_of, counted_intents

logger = logging.getLogger(__name__)


class MultiLabelIntentSlotClassificationModel(IntentSlotClassificationModel):
    """Gives each sentence some of I intents, and each of its words one of S slots.

    In the data, intents have commas between them: `sentence<TAB>1,4`. With `class_balancing: weighted_loss` a sentence
    that has an intent counts for more the fewer there are.

    Args:
        cfg: an :class:`~nemo.collections.nlp.models.intent_slot_config.IntentSlotConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section is missing, or neither `data_dir` nor `data_desc` says which intents there are.
        TextFileError: a data file cannot be read.
    """

    several_intents = True

    @property
    def threshold(self) -> float:
        """Probability from which on an intent is there."""
        return float(self.cfg.threshold)

    @threshold.setter
    def threshold(self, value: float) -> None:
        with open_dict(self.cfg):
            self.cfg.threshold = float(value)

    def _make_intent_loss(self, is_weighted: bool) -> torch.nn.Module:
        weights = list(self.cfg.data_desc.intent_positive_weights) if is_weighted else None
        return BCEWithLogitsLoss(logits_ndim=2, pos_weight=weights)

    def _dataset_class(self) -> type[IntentSlotClassificationDataset]:
        return MultiLabelIntentSlotClassificationDataset

    def _intent_counts(self, logits: Tensor, intents: Tensor) -> dict[str, Tensor]:
        given, right = logits.sigmoid() >= self.threshold, intents > 0
        tp, fn, fp = ((each).sum(dim=0) for each in (given & right, ~given & right, given & ~right))
        return counted_intents(tp, fn, fp, (given == right).all(dim=1))

    def predict_from_examples(self, queries: Sequence[str], test_ds: Any = None, threshold: float | None = None) -> Any:
        """Intents and slots of sentences, in the original's form; see :meth:`find`.

        Args:
            queries: the sentences.
            test_ds: a section of which `batch_size` is used.
            threshold: probability from which on an intent is there; None: :attr:`threshold`.

        Returns:
            For each sentence its intents with their probabilities, likeliest first; for each its words' slots with
            spaces between them; and for each zeros and ones [I].
        """
        limit = self.threshold if threshold is None else threshold
        found = self.find(queries, batch_size_of(test_ds))
        labels = self.intent_labels
        intents, vectors = [], []
        for result in found:
            probabilities = result.intent_logits.sigmoid().tolist()
            chosen = [number for number, probability in enumerate(probabilities) if probability >= limit]
            chosen.sort(key=lambda number: -probabilities[number])
            intents.append([(labels[number], probabilities[number]) for number in chosen])
            vectors.append([int(probability >= limit) for probability in probabilities])
        return intents, [" ".join(result.slots) for result in found], vectors

    def optimize_threshold(self, test_ds: Any, file_name: str | os.PathLike[str]) -> float:
        """Sets :attr:`threshold` to the one with the highest F1 of intents over the sentences of a file.

        Args:
            test_ds: a section of which `batch_size` is used.
            file_name: header, then `sentence<TAB>intents`.

        Returns:
            The threshold.

        Raises:
            TextFileError: the file cannot be read or used.
        """
        sentences = read_sentences(file_name, len(self.intent_labels), several_intents=True)
        found = self.find([" ".join(words) for words, _ in sentences], batch_size_of(test_ds))
        right = torch.zeros(len(sentences), len(self.intent_labels))
        for row, (_, intents) in enumerate(sentences):
            right[row, intents] = 1.0
        self.threshold, f1 = best_threshold(torch.stack([result.intent_logits for result in found]).sigmoid(), right)
        logger.info("the threshold of intents is now %.4f, with an F1 of %.2f %%", self.threshold, 100 * f1)
        return self.threshold
