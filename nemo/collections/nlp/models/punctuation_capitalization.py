"""Puts punctuation and capitals into the words of a speech recognizer: an encoder with two classifiers of pieces.

words -> pieces [B, S] -> encoder -> [B, S, H] -> punct_logits [B, S, P], capit_logits [B, S, C]
A word's first piece decides what follows the word, and whether it has a capital.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf, open_dict
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.losses.aggregator import AggregatorLoss
from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.nlp.data.label_ids import checked_label_ids, load_label_ids, names_of
from nemo.collections.nlp.data.punctuation_capitalization import PunctuationBatch
from nemo.collections.nlp.data.punctuation_capitalization_config import (
    PunctuationCapitalizationEvalDataConfig,
    PunctuationCapitalizationTrainDataConfig,
    is_legacy_data_config,
    legacy_data_config_to_new_data_config,
)
from nemo.collections.nlp.data.punctuation_capitalization_loader import LabelRules, build_punctuation_loader
from nemo.collections.nlp.data.word_windows import WindowShape
from nemo.collections.nlp.inference.punctuate import as_label_line, punctuation_labels, written_out
from nemo.collections.nlp.metrics.classification_report import ClassificationReport
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.collections.nlp.models.punctuation_capitalization_config import (
    PunctuationCapitalizationModelConfig,
    legacy_model_config_to_new_model_config,
)
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import LogitsType, NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

KINDS = ("punct", "capit")
COUNTS = ("tp", "fn", "fp")


class PunctuationCapitalizationModel(NLPModel):
    """Gives each word a mark that follows it, and a capital or none.

        model = PunctuationCapitalizationModel.restore_from("punctuation.nemo")
        print(model.add_punctuation_capitalization(["how are you"]))

    Args:
        cfg: a :class:`~nemo.collections.nlp.models.punctuation_capitalization_config.
            PunctuationCapitalizationModelConfig`, DictConfig or dict; also in the form of releases before 1.6.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section is missing, or the labels are not known.
        TextFileError: a data file cannot be read.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        given = legacy_model_config_to_new_model_config(OmegaConf.create(cfg) if isinstance(cfg, dict) else cfg)
        schema = PunctuationCapitalizationModelConfig
        super().__init__(with_defaults(schema, given, also=TRAINING_KEYS, mandatory=("language_model",)), trainer)
        for kind in KINDS:
            labels = self._known_label_ids(kind)
            if labels is None:
                raise ConfigError(
                    f"The model has no labels: model.common_dataset_parameters.{kind}_label_ids is null, there is no "
                    f"file class_labels.{kind}_labels_file and no train_ds to take them from. Set the label ids, such "
                    "as {O: 0, ',': 1, .: 2} and {O: 0, U: 1}."
                )
            self._set_label_ids(kind, labels)
        self.punct_classifier = self._head("punct")
        self.capit_classifier = self._head("capit")
        self.loss = CrossEntropyLoss(logits_ndim=3)
        self.agg_loss = AggregatorLoss(num_inputs=2)
        self._reports = {kind: ClassificationReport(len(self._ids(kind)), self._ids(kind)) for kind in KINDS}

    def _head(self, kind: str) -> TokenClassifier:
        head = self.cfg[f"{kind}_head"]
        return TokenClassifier(
            hidden_size=self.hidden_size,
            num_classes=len(self._ids(kind)),
            num_layers=head.num_fc_layers,
            activation=head.activation,
            log_softmax=False,
            dropout=head.fc_dropout,
            use_transformer_init=head.use_transformer_init,
        )

    # ------------------------------------------------------------------------------------------------------ the labels

    @property
    def punct_labels(self) -> list[str]:
        """Punctuation labels in the order of the outputs."""
        return names_of(self._ids("punct"))

    @property
    def capit_labels(self) -> list[str]:
        """Capitalization labels in the order of the outputs."""
        return names_of(self._ids("capit"))

    @property
    def pad_label(self) -> str:
        """Label of words without punctuation or capital."""
        return str(self.cfg.common_dataset_parameters.pad_label)

    def _ids(self, kind: str) -> dict[str, int]:
        labels = self.cfg.common_dataset_parameters[f"{kind}_label_ids"]
        return {str(label): int(number) for label, number in labels.items()}

    def _known_label_ids(self, kind: str) -> dict[str, int] | None:
        """Those of the config or of the file that it names; None before any are known."""
        common, key = self.cfg.common_dataset_parameters, f"{kind}_label_ids"
        if common[key] is not None:
            return checked_label_ids(common[key], self.pad_label, f"model.common_dataset_parameters.{key}")
        file = str(self.cfg.class_labels[f"{kind}_labels_file"])
        if common.label_vocab_dir is not None:
            file = os.path.join(common.label_vocab_dir, file)
        elif not file.startswith("nemo:") and not os.path.isfile(file):
            return None
        found = self.register_artifact(f"class_labels.{kind}_labels_file", file)
        return checked_label_ids(load_label_ids(str(found)), self.pad_label, str(found))

    def _set_label_ids(self, kind: str, label_ids: Mapping[str, int]) -> None:
        with open_dict(self.cfg):
            self.cfg.common_dataset_parameters[f"{kind}_label_ids"] = dict(label_ids)

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits of both heads."""
        return {
            "punct_logits": NeuralType(("B", "T", "C"), LogitsType()),
            "capit_logits": NeuralType(("B", "T", "C"), LogitsType()),
        }

    @typecheck()
    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Pieces [B, S], their mask and segments -> punctuation logits [B, S, P], capitalization logits [B, S, C]."""
        states = self.bert_model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return self.punct_classifier(hidden_states=states), self.capit_classifier(hidden_states=states)

    @property
    def output_module(self) -> Any:
        """The exported file gives what this model gives."""
        return self

    # ----------------------------------------------------------------------------------------------------------- data

    def update_data_dir(self, data_dir: str) -> None:
        """Sets the folder of training, validation and test files, for the sections that there are."""
        if not os.path.isdir(data_dir):
            raise ConfigError(
                f"The data folder {data_dir} does not exist. Expected the folder of text and label files."
            )
        for section in ("train_ds", "validation_ds", "test_ds"):
            if self.cfg[section] is not None:
                self.cfg[section].ds_item = str(data_dir)

    def setup_training_data(self, train_data_config: DictConfig | dict[str, Any] | None = None) -> None:
        """Builds the training loader; labels that the model does not know yet come from it.

        Args:
            train_data_config: a `train_ds` section; None: that of the config.
        """
        section = self.cfg.train_ds if train_data_config is None else train_data_config
        dataset, self._train_dl = self._build_loader(section, "train", PunctuationCapitalizationTrainDataConfig)
        for kind in KINDS:
            if self.cfg.common_dataset_parameters[f"{kind}_label_ids"] is None:
                self._set_label_ids(kind, getattr(dataset, f"{kind}_label_ids"))

    def setup_validation_data(self, val_data_config: DictConfig | dict[str, Any] | None = None) -> None:
        """Builds the loader of a validation set."""
        section = self.cfg.validation_ds if val_data_config is None else val_data_config
        _, self._validation_dl = self._build_loader(section, "validation", PunctuationCapitalizationEvalDataConfig)

    def setup_test_data(self, test_data_config: DictConfig | dict[str, Any] | None = None) -> None:
        """Builds the loader of a test set."""
        section = self.cfg.test_ds if test_data_config is None else test_data_config
        _, self._test_dl = self._build_loader(section, "test", PunctuationCapitalizationEvalDataConfig)

    def _build_loader(self, section: Any, kind: str, schema: type) -> tuple[Any, Any]:
        where = f"model.{kind}_ds"
        if is_legacy_data_config(section):
            section = legacy_data_config_to_new_data_config(section, {}, train=kind == "train")
        self._update_dataset_config(kind, OmegaConf.create(section) if isinstance(section, dict) else section)
        common = self.cfg.common_dataset_parameters
        rules = LabelRules(
            common.pad_label,
            common.ignore_extra_tokens,
            common.ignore_start_end,
            self._known_label_ids("punct"),
            self._known_label_ids("capit"),
        )
        return build_punctuation_loader(with_defaults(schema, section, where), self.tokenizer, rules, where)

    # ------------------------------------------------------------------------------------------------------- training

    def _losses(self, batch: PunctuationBatch) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The sum of both losses, and the logits."""
        logits = self.forward(
            input_ids=batch["input_ids"],
            attention_mask=batch["input_mask"],
            token_type_ids=batch["segment_ids"],
        )
        losses = [
            self.loss(logits=scores, labels=batch[f"{kind}_labels"], loss_mask=batch["loss_mask"])
            for kind, scores in zip(KINDS, logits, strict=True)
        ]
        return self.agg_loss(loss_1=losses[0], loss_2=losses[1]), logits

    def training_step(self, batch: PunctuationBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        loss, _ = self._losses(batch)
        rate = float(self._optimizer.param_groups[0]["lr"]) if self._optimizer is not None else 0.0
        return {"loss": loss, "log": {"train_loss": loss.detach(), "lr": rate}}

    def _evaluate(self, batch: PunctuationBatch) -> dict[str, Tensor]:
        """Sums over a batch, from which those of a set are made."""
        loss, logits = self._losses(batch)
        starts = batch["subtokens_mask"]
        results = {"loss": loss}
        for kind, scores in zip(KINDS, logits, strict=True):
            report = self._reports[kind].to(scores.device)
            counts = report(scores.argmax(dim=-1)[starts], batch[f"{kind}_labels"][starts])[: len(COUNTS)]
            report.reset()
            results |= {f"{kind}_{name}": count for name, count in zip(COUNTS, counts, strict=True)}
        return results

    def validation_step(self, batch: PunctuationBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss and counts of a batch, kept for the end of the epoch."""
        results = self._evaluate(batch)
        self.keep_step_output(results, dataloader_idx)
        return results

    def test_step(self, batch: PunctuationBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss and counts of a batch, kept for the end of the test."""
        return self.validation_step(batch, batch_idx, dataloader_idx)

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss, and macro averages over the labels of both kinds, of a validation set."""
        return self._combine(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """The same of a test set."""
        return self._combine(outputs, "test")

    def _combine(self, outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
        log = {f"{prefix}_loss": torch.stack([output["loss"] for output in outputs]).mean()}
        for kind in KINDS:
            counts = [torch.stack([output[f"{kind}_{name}"] for output in outputs]).sum(dim=0) for name in COUNTS]
            precision, recall, f1, report = self._reports[kind].of_counts(*counts)
            logger.info("%s %s report: %s", prefix, kind, report)
            log |= {
                f"{prefix}_{kind}_precision": precision,
                f"{prefix}_{kind}_recall": recall,
                f"{prefix}_{kind}_f1": f1,
            }
        return {f"{prefix}_loss": log[f"{prefix}_loss"], "log": log}

    # ------------------------------------------------------------------------------------------------------ inference

    def add_punctuation_capitalization(
        self,
        queries: Sequence[str],
        batch_size: int | None = None,
        max_seq_length: int = 64,
        step: int = 8,
        margin: int = 16,
        return_labels: bool = False,
        dataloader_kwargs: dict[str, Any] | None = None,
    ) -> list[str]:
        """Puts punctuation and capitals into texts of any length.

        Long texts are read through overlapping windows; see :mod:`nemo.collections.nlp.data.word_windows`.

        Args:
            queries: lower-case texts without punctuation.
            batch_size: windows computed together; None: as many as there are queries.
            max_seq_length: pieces of a window, [CLS] and [SEP] included.
            step: pieces from the beginning of a window to that of the next.
            margin: pieces at an edge within a text whose words a window does not decide.
            return_labels: give the labels, as in a labels file, instead of the text.
            dataloader_kwargs: more options of the DataLoader, such as `num_workers`.

        Returns:
            One text for each query, words with one space between.

        Raises:
            ConfigError: numbers with which a word would be in no window, or longer windows than the encoder takes.
        """
        texts = [query.split() for query in queries]
        shape = WindowShape(max_seq_length, step, margin)
        found = punctuation_labels(self, texts, shape, batch_size, dataloader_kwargs)
        if return_labels:
            return [as_label_line(marks, cases) for marks, cases in found]
        return [
            written_out(words, marks, cases, self.pad_label) for words, (marks, cases) in zip(texts, found, strict=True)
        ]
