"""Finds what a sentence asks for (its intent) and with which values (its slots): one encoder, two heads.

Chen et al., 2019 (https://arxiv.org/abs/1902.10909).
[CLS] pieces [SEP] -> encoder -> [B, T, H] -> classifier -> intents [B, I] and slots [B, T, S]
B batch, T pieces of the longest sentence, H hidden, I intents, S slots; a word's first piece decides its slot.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf, open_dict
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.losses.aggregator import AggregatorLoss
from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.nlp.data.intent_slot_files import NO_SLOT, IntentSlotDataDesc
from nemo.collections.nlp.data.intent_slots import IntentSlotBatch, IntentSlotClassificationDataset
from nemo.collections.nlp.data.slot_spans import has_prefixes, iob_slots
from nemo.collections.nlp.data.text_section import build_loader, filled_section
from nemo.collections.nlp.inference.intent_slots import IntentSlotResult, find_intents_and_slots
from nemo.collections.nlp.metrics.classification_report import ClassificationReport
from nemo.collections.nlp.metrics.entity_f1 import EntityCounts, entity_scores
from nemo.collections.nlp.models.intent_slot_config import (
    DEFAULT_MAX_SEQ_LENGTH,
    KEYS_OF_SCRIPTS,
    IntentSlotConfig,
    IntentSlotSetConfig,
)
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.collections.nlp.modules.sequence_token_classifier import SequenceTokenClassifier
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


class IntentSlotClassificationModel(NLPModel):
    """Gives each sentence one of I intents, and each of its words one of S slots.

        model = IntentSlotClassificationModel.restore_from("assistant.nemo")
        print(model.find(["wake me at seven tomorrow"])[0].spans)

    Args:
        cfg: an :class:`~nemo.collections.nlp.models.intent_slot_config.IntentSlotConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section is missing, or neither `data_dir` nor `data_desc` says which intents there are.
        TextFileError: a data file cannot be read.
    """

    several_intents = False
    """Whether a sentence may have several intents."""

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        filled = with_defaults(IntentSlotConfig, cfg, also=(*KEYS_OF_SCRIPTS, *TRAINING_KEYS))
        if filled.class_balancing not in (None, "weighted_loss"):
            raise ConfigError(f"model.class_balancing is {filled.class_balancing!r}. Expected weighted_loss or null.")
        if filled.data_desc is None:
            filled.data_desc = data_description(filled.data_dir, filled.pad_label, self.several_intents)
        super().__init__(filled, trainer)
        self._build_outputs()

    def _build_outputs(self) -> None:
        """Builds the heads, losses and metrics for the present intents and slots."""
        intents, slots = len(self.intent_labels), len(self.slot_labels)
        self.classifier = SequenceTokenClassifier(
            hidden_size=self.hidden_size,
            num_intents=intents,
            num_slots=slots,
            num_layers=self.cfg.head.num_output_layers,
            dropout=self.cfg.head.fc_dropout,
            log_softmax=False,
        )
        is_weighted = self.cfg.class_balancing == "weighted_loss"
        self.intent_loss = self._make_intent_loss(is_weighted)
        self.slot_loss = CrossEntropyLoss(
            logits_ndim=3, weight=list(self.cfg.data_desc.slot_weights) if is_weighted else None
        )
        share = self.cfg.intent_loss_weight
        self.total_loss = AggregatorLoss(num_inputs=2, weights=[share, 1.0 - share])
        of_intents = {label: number for number, label in enumerate(self.intent_labels)}
        of_slots = {label: number for number, label in enumerate(self.slot_labels)}
        self.intent_classification_report = ClassificationReport(intents, of_intents, mode="micro")
        self.slot_classification_report = ClassificationReport(slots, of_slots, mode="micro")

    def _make_intent_loss(self, is_weighted: bool) -> torch.nn.Module:
        return CrossEntropyLoss(weight=list(self.cfg.data_desc.intent_weights) if is_weighted else None)

    # -------------------------------------------------------------------------------------------------------- labels

    @property
    def intent_labels(self) -> list[str]:
        """The intents in the order of the outputs."""
        return [str(label) for label in self.cfg.data_desc.intent_labels]

    @property
    def slot_labels(self) -> list[str]:
        """The slots in the order of the outputs."""
        return [str(label) for label in self.cfg.data_desc.slot_labels]

    @property
    def pad_label(self) -> int:
        """Number of the slot of [CLS], [SEP] and padding."""
        given = self.cfg.data_desc.pad_label
        return self.slot_labels.index(given) if given in self.slot_labels else int(given)

    @property
    def no_slot(self) -> str:
        """The slot of words that belong to none."""
        return NO_SLOT if NO_SLOT in self.slot_labels else self.slot_labels[self.pad_label]

    @property
    def slots_have_prefixes(self) -> bool:
        """Whether slots are written with B- and I-."""
        return has_prefixes(self.slot_labels)

    # ------------------------------------------------------------------------------------------------------- network

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits of intents and of slots."""
        return dict(self.classifier.output_types)

    @typecheck()
    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Pieces [B, T], their mask and segments -> logits of intents [B, I] and of slots [B, T, S]."""
        states = self.bert_model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        intent_logits, slot_logits = self.classifier(hidden_states=states)
        return intent_logits, slot_logits

    @property
    def output_module(self) -> Any:
        """The exported file gives what the heads give."""
        return self.classifier

    # ---------------------------------------------------------------------------------------------------------- data

    @property
    def max_seq_length(self) -> int:
        """Most pieces of a sentence: what the config says, and never more than the encoder takes."""
        wanted = self.cfg.language_model.max_seq_length or DEFAULT_MAX_SEQ_LENGTH
        has_encoder = "bert_model" in self._modules  # loaders are built before it
        return min(wanted, self.max_length or wanted) if has_encoder else int(wanted)

    def update_data_dir_for_training(self, data_dir: str, train_ds: Any = None, validation_ds: Any = None) -> None:
        """Makes another folder the model's data; intents and slots of its own give new heads, untrained.

        Args:
            data_dir: the folder.
            train_ds: build this loader too.
            validation_ds: build this loader too.

        Raises:
            ConfigError: there is no such folder.
            TextFileError: its files cannot be used.
        """
        before = (self.intent_labels, self.slot_labels)
        description = data_description(data_dir, self.cfg.pad_label, self.several_intents)
        with open_dict(self.cfg):
            self.cfg.data_dir, self.cfg.data_desc = str(data_dir), description
        if (self.intent_labels, self.slot_labels) != before:
            device = self.device
            self._build_outputs()
            self.to(device)
            logger.info("the heads have new intents and slots and must be trained")
        if train_ds is not None:
            self.setup_training_data(train_ds)
        if validation_ds is not None:
            self.setup_multiple_validation_data(validation_ds)

    def update_data_dir_for_testing(self, data_dir: str) -> None:
        """Makes another folder the model's data; intents and slots stay those of the model.

        Raises:
            ConfigError: there is no such folder.
        """
        if not os.path.isdir(os.path.expanduser(data_dir)):
            raise ConfigError(f"The data folder {data_dir} does not exist. Expected the folder of the sentences.")
        with open_dict(self.cfg):
            self.cfg.data_dir = str(data_dir)

    def setup_training_data(self, train_data_config: DictConfig | dict[str, Any] | None = None) -> None:
        """Builds the training loader.

        Args:
            train_data_config: a `train_ds` section; None: that of the config.
        """
        self._train_dl = self._build_loader(train_data_config, "train")

    def setup_validation_data(self, val_data_config: DictConfig | dict[str, Any] | None = None) -> None:
        """Builds the loader of a validation set."""
        self._validation_dl = self._build_loader(val_data_config, "validation")

    def setup_test_data(self, test_data_config: DictConfig | dict[str, Any] | None = None) -> None:
        """Builds the loader of a test set."""
        self._test_dl = self._build_loader(test_data_config, "test")

    def _build_loader(self, given: Any, kind: str) -> Any:
        section = self.cfg.get(f"{kind}_ds") if given is None else given
        self._update_dataset_config(kind, OmegaConf.create(section) if isinstance(section, dict) else section)
        where = f"model.{kind}_ds"
        cfg = filled_section(section, where, IntentSlotSetConfig, "prefix")
        if cfg is None:
            return None
        folder = cfg.ds_item if cfg.ds_item is not None else self.cfg.data_dir
        if not folder:
            raise ConfigError(
                f"model.data_dir is not set, and {where} has no ds_item. Expected the folder of the files."
            )
        prefix = os.path.join(os.path.expanduser(str(folder)), str(cfg.prefix))
        return build_loader(self._dataset(prefix, cfg.num_samples), cfg, evaluation=kind != "train")

    def _dataset(self, prefix: str, num_samples: int = -1) -> IntentSlotClassificationDataset:
        return self._dataset_class()(
            f"{prefix}.tsv",
            f"{prefix}_slots.tsv",
            self.max_seq_length,
            self.tokenizer,
            num_samples=num_samples,
            pad_label=self.pad_label,
            ignore_extra_tokens=self.cfg.ignore_extra_tokens,
            ignore_start_end=self.cfg.ignore_start_end,
            num_intents=len(self.intent_labels),
            num_slots=len(self.slot_labels),
        )

    def _dataset_class(self) -> type[IntentSlotClassificationDataset]:
        return IntentSlotClassificationDataset

    # ------------------------------------------------------------------------------------------------------ training

    def _losses(self, batch: IntentSlotBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, and logits of intents and slots."""
        input_ids, segment_ids, input_mask, loss_mask, _, intents, slots = batch
        intent_logits, slot_logits = self.forward(
            input_ids=input_ids, attention_mask=input_mask, token_type_ids=segment_ids
        )
        intent_loss = self.intent_loss(logits=intent_logits, labels=intents)
        slot_loss = self.slot_loss(logits=slot_logits, labels=slots, loss_mask=loss_mask)
        return self.total_loss(loss_1=intent_loss, loss_2=slot_loss), intent_logits, slot_logits

    def training_step(self, batch: IntentSlotBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        loss, _, _ = self._losses(batch)
        lr = float(self._optimizer.param_groups[0]["lr"]) if self._optimizer is not None else 0.0
        return {"loss": loss, "log": {"train_loss": loss.detach(), "lr": lr}}

    def validation_step(self, batch: IntentSlotBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and counts of a batch, kept for the end of the epoch."""
        loss, intent_logits, slot_logits = self._losses(batch)
        starts, slots = batch[4], batch[6]
        given = slot_logits.argmax(dim=-1)
        slot_tp, slot_fn, slot_fp, _ = self.slot_classification_report(given[starts], slots[starts])
        results = {
            "loss": loss,
            **self._intent_counts(intent_logits, batch[5]),
            "slot_tp": slot_tp,
            "slot_fn": slot_fn,
            "slot_fp": slot_fp,
            "slot_spans": torch.tensor(self._span_totals(given, slots, starts), device=loss.device),
        }
        self.keep_step_output(results, dataloader_idx)
        return results

    def test_step(self, batch: IntentSlotBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and counts of a batch, kept for the end of the test."""
        return self.validation_step(batch, batch_idx, dataloader_idx)

    def _intent_counts(self, logits: Tensor, intents: Tensor) -> dict[str, Tensor]:
        """Counts of a batch [I], and its sentences with the right intents."""
        given = logits.argmax(dim=-1)
        tp, fn, fp, _ = self.intent_classification_report(given, intents)
        return counted_intents(tp, fn, fp, given == intents)

    def _span_totals(self, given: Tensor, right: Tensor, starts: Tensor) -> tuple[int, int, int]:
        """Right, given and true filled slots of a batch."""
        labels, has_prefix, none = self.slot_labels, self.slots_have_prefixes, self.no_slot
        spans = EntityCounts()
        for row, is_start in enumerate(starts):
            names = [[labels[number] for number in each[row][is_start].tolist()] for each in (given, right)]
            predicted, actual = (iob_slots(each, none, has_prefix) for each in names)
            spans.add(predicted, actual)
        return spans.totals()

    def multi_validation_epoch_end(self, outputs: list[dict[str, Any]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss, and scores of intents, of words' slots and of whole slots, in percent, of one validation set."""
        return self._combined(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Any]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss, and scores of intents, of words' slots and of whole slots, in percent, of one test set."""
        return self._combined(outputs, "test")

    def _combined(self, outputs: list[dict[str, Any]], prefix: str) -> dict[str, Any]:
        totals = {name: torch.stack([output[name] for output in outputs]).sum(dim=0) for name in outputs[0]}
        loss = totals["loss"] / len(outputs)
        log = {f"{prefix}_loss": loss}
        for name, report in (("intent", self.intent_classification_report), ("slot", self.slot_classification_report)):
            counts = (totals[f"{name}_{kind}"] for kind in ("tp", "fn", "fp"))
            log[f"{name}_precision"], log[f"{name}_recall"], log[f"{name}_f1"], text = report.of_counts(*counts)
            logger.info("%s report of %ss: %s", prefix, name, text)
        right, sentences = totals["intent_sentences"]
        log["intent_accuracy"] = 100.0 * right / sentences
        spans = entity_scores(*(int(count) for count in totals["slot_spans"]))
        for kind in ("precision", "recall", "f1"):
            log[f"slot_span_{kind}"] = torch.tensor(getattr(spans, kind))
        return {f"{prefix}_loss": loss, "log": log}

    # ----------------------------------------------------------------------------------------------------- inference

    def find(self, queries: Sequence[str], batch_size: int = 32) -> list[IntentSlotResult]:
        """Scores of the intents, the words' slots and the filled slots of sentences.

        Args:
            queries: the sentences.
            batch_size: sentences computed together; they are ordered by length, the results are not.
        """
        return find_intents_and_slots(self, queries, batch_size)

    def predict_from_examples(self, queries: Sequence[str], test_ds: Any = None) -> Any:
        """Intents and slots of sentences, in the original's form; see :meth:`find`.

        Args:
            queries: the sentences.
            test_ds: a section of which `batch_size` is used.

        Returns:
            The intent of each sentence, and for each its words' slots with spaces between them.
        """
        found = self.find(queries, batch_size_of(test_ds))
        labels = self.intent_labels
        intents = [labels[int(result.intent_logits.argmax())] for result in found]
        return intents, [" ".join(result.slots) for result in found]


def data_description(data_dir: str | None, pad_label: int, several_intents: bool) -> dict[str, Any]:
    """The `data_desc` section of a folder.

    Raises:
        ConfigError: there is no such folder.
        TextFileError: its files cannot be used.
    """
    if not data_dir or not os.path.isdir(os.path.expanduser(data_dir)):
        raise ConfigError(
            f"model.data_dir is {data_dir or 'not set'}, which is no folder, and there is no data_desc. Expected the "
            "folder of dict.intents.csv, dict.slots.csv and the sentences; set it."
        )
    found = IntentSlotDataDesc(data_dir, pad_label=pad_label, several_intents=several_intents)
    return {
        "intent_labels": found.intent_labels,
        "intent_label_ids": found.intents_label_ids,
        "intent_weights": found.intent_weights,
        "intent_positive_weights": found.positive_weights,
        "slot_labels": found.slot_labels,
        "slot_label_ids": found.slots_label_ids,
        "slot_weights": found.slot_weights,
        "pad_label": found.pad_label,
    }


def counted_intents(tp: Tensor, fn: Tensor, fp: Tensor, is_right: Tensor) -> dict[str, Tensor]:
    """Counts of each intent [I], and of sentences [B]: how many are right, how many there are."""
    sentences = torch.stack([is_right.sum(), torch.tensor(len(is_right), device=is_right.device)])
    return {"intent_tp": tp, "intent_fn": fn, "intent_fp": fp, "intent_sentences": sentences}


def batch_size_of(section: Any) -> int:
    """The batch size that a section says, or its default."""
    return int(with_defaults(IntentSlotSetConfig, section, "test_ds").batch_size)
