"""Classes that a model was not trained on: whether a text entails "This example is <class>".

Yin et al., 2019 (https://arxiv.org/abs/1909.00161), with a classifier of pairs of texts trained on MNLI (Williams et
al., 2018, https://arxiv.org/abs/1704.05426): contradiction, entailment, neutral.
[CLS] text [SEP] hypothesis [SEP] -> encoder -> [B, T, H] -> classifier -> logits [B, 3]
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from nemo.collections.nlp.data.encoder_inputs import EncoderInputs
from nemo.collections.nlp.data.glue import GLUEDataset
from nemo.collections.nlp.data.text_section import TextSectionConfig, build_loader, filled_section
from nemo.collections.nlp.inference.evaluation_mode import evaluation_mode
from nemo.collections.nlp.models.text_classifier import (
    TextClassificationModel,
    TextClassificationModelConfig,
    TextDataConfig,
)
from nemo.utils.exceptions import ConfigError

SHOWS_PROGRESS_FROM = 1000
"""Pairs of a text and a class."""


@dataclass
class ZeroShotDataConfig(TextDataConfig):
    """`dataset:` section."""

    data_dir: str | None = None
    """Folder of the files that the sections name with ds_item."""
    num_classes: int = 3
    """contradiction, entailment, neutral."""
    max_seq_length: int = 128
    """Most tokens of a text and a hypothesis together; of the longer one the end is cut off."""


@dataclass
class ZeroShotSectionConfig(TextSectionConfig):
    """`train_ds`, `validation_ds` and `test_ds`."""

    ds_item: Any = None
    """Name of a file in dataset.data_dir, in the format of MNLI; file_path gives a whole path instead."""


@dataclass
class ZeroShotIntentConfig(TextClassificationModelConfig):
    """`model:` section of a zero-shot config; keys are the original's."""

    dataset: ZeroShotDataConfig = field(default_factory=ZeroShotDataConfig)


class ZeroShotIntentModel(TextClassificationModel):
    """Says which of some classes, named at the time, a text has.

        model = ZeroShotIntentModel.restore_from("zero_shot.nemo")
        print(model.predict(["play some jazz"], ["music", "weather"]))

    Args:
        cfg: a :class:`ZeroShotIntentConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
        TextFileError: a file cannot be used; names the line.
    """

    config_class = ZeroShotIntentConfig

    def _setup_dataloader_from_config(self, cfg: Any, where: str = "model.train_ds") -> Any:
        section = filled_section(cfg, where, ZeroShotSectionConfig, "file_path" if cfg.get("file_path") else "ds_item")
        if section is None:
            return None
        file = section.file_path or os.path.join(self.cfg.dataset.data_dir or "", str(section.ds_item))
        longest = self.cfg.dataset.max_seq_length
        dataset = GLUEDataset(file, "mnli", self.tokenizer, longest, num_samples=section.num_samples)
        return build_loader(dataset, section, evaluation=where != "model.train_ds")

    def predict(
        self,
        queries: str | Sequence[str],
        candidate_labels: str | Sequence[str],
        hypothesis_template: str = "This example is {}",
        batch_size: int = 1,
        multi_label: bool = True,
        entailment_idx: int = 1,
        contradiction_idx: int = 0,
    ) -> list[dict[str, Any]]:
        """Scores classes for texts.

        Args:
            queries: the texts, or one.
            candidate_labels: the classes, a list or one text with commas between.
            hypothesis_template: says of `{}` that the text has it.
            batch_size: pairs of a text and a class computed together.
            multi_label: a text may have several classes: each score is the probability of entailment against
                contradiction. False: the scores of a text's classes sum to 1.
            entailment_idx: number of the output for entailment.
            contradiction_idx: of that for contradiction.

        Returns:
            For each text a dict of `sentence`, `labels`, the likeliest first, and their `scores`, 0 to 1.

        Raises:
            ConfigError: no classes, or the template has no `{}`.
        """
        texts = [queries] if isinstance(queries, str) else list(queries)
        labels = candidate_labels.split(",") if isinstance(candidate_labels, str) else candidate_labels
        labels = [label.strip() for label in labels if label.strip()]
        if not labels or not texts:
            raise ConfigError(
                f"There are {len(texts)} queries and {len(labels)} candidate_labels. Expected some of each."
            )
        if "{}" not in hypothesis_template:
            raise ConfigError(
                f"hypothesis_template is {hypothesis_template!r}. Expected a text with {{}} where the class comes, "
                "such as 'This example is {}'; add it."
            )
        hypotheses = [hypothesis_template.replace("{}", label) for label in labels]
        logits = self._pair_logits([(text, hypothesis) for text in texts for hypothesis in hypotheses], batch_size)
        logits = logits.view(len(texts), len(labels), -1)
        if multi_label:
            scores = logits[..., [contradiction_idx, entailment_idx]].softmax(dim=-1)[..., 1]
        else:
            scores = logits[..., entailment_idx].softmax(dim=-1)
        return [_ranked(text, labels, row) for text, row in zip(texts, scores, strict=True)]

    def _pair_logits(self, pairs: Sequence[tuple[str, str]], batch_size: int) -> Tensor:
        """[N, C] of N pairs of texts, on the CPU."""
        if batch_size < 1:
            raise ConfigError(f"batch_size is {batch_size}. Expected 1 or more.")
        wanted = self.cfg.dataset.max_seq_length
        inputs = EncoderInputs(self.tokenizer, min(wanted, self.max_length or wanted))
        samples = [inputs.of_pair(text, hypothesis) for text, hypothesis in pairs]
        order = sorted(range(len(samples)), key=lambda number: len(samples[number].ids), reverse=True)
        found: list[Tensor] = []
        with (
            evaluation_mode(self),
            tqdm(total=len(order), desc="pairs", disable=len(order) < SHOWS_PROGRESS_FROM) as bar,
        ):
            for start in range(0, len(order), batch_size):
                chosen = [samples[number] for number in order[start : start + batch_size]]
                ids, types, mask = (each.to(self.device) for each in inputs.padded(chosen))
                logits = self.forward(input_ids=ids, token_type_ids=types, attention_mask=mask)
                found.append(logits.float().cpu())
                bar.update(len(chosen))
        return torch.cat(found)[torch.tensor(order).argsort()]


def _ranked(text: str, labels: Sequence[str], scores: Tensor) -> dict[str, Any]:
    values, order = scores.sort(descending=True, stable=True)
    return {"sentence": text, "labels": [labels[number] for number in order.tolist()], "scores": values.tolist()}
