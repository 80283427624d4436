"""Labels words: named entities, parts of speech; an encoder and a classifier of each piece (Devlin et al., 2019).

words -> pieces [B, S] -> encoder -> [B, S, H] -> classifier -> logits [B, S, C]; a word's first piece decides.
https://arxiv.org/abs/1810.04805
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

from nemo.collections.common.data.resumable_loader import make_loader
from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.nlp.data.class_weights import balanced_weights
from nemo.collections.nlp.data.label_ids import checked_label_ids, load_label_ids, names_of
from nemo.collections.nlp.data.token_labels import BertTokenClassificationDataset, TokenBatch
from nemo.collections.nlp.inference.word_labels import add_word_labels, evaluate_word_labels
from nemo.collections.nlp.metrics.classification_report import ClassificationReport
from nemo.collections.nlp.metrics.entity_f1 import EntityCounts, entity_scores
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.collections.nlp.models.token_classifier_config import (
    TokenClassificationConfig,
    TokenDataConfig,
    TokenSetConfig,
)
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import LogitsType, NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

COUNTS = ("tp", "fn", "fp")
BALANCING = (None, "weighted_loss")


class TokenClassificationModel(NLPModel):
    """Gives each word one of C labels.

        model = TokenClassificationModel.restore_from("ner.nemo")
        print(model.add_predictions(["we bought four shirts in santa clara"]))

    Args:
        cfg: a :class:`~nemo.collections.nlp.models.token_classifier_config.TokenClassificationConfig`, DictConfig or
            dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section is missing, or the labels are not known.
        TextFileError: a data file cannot be read.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        filled = with_defaults(TokenClassificationConfig, cfg, also=TRAINING_KEYS, mandatory=("language_model",))
        if filled.dataset.class_balancing not in BALANCING:
            raise ConfigError(
                f"model.dataset.class_balancing is {filled.dataset.class_balancing!r}. Expected weighted_loss or null."
            )
        super().__init__(filled, trainer)
        labels = self._known_label_ids()
        if labels is None:
            raise ConfigError(
                "The model has no labels: model.label_ids is null, there is no file class_labels.class_labels_file and "
                "no train_ds to take them from. Set model.label_ids, such as {O: 0, B-PER: 1, I-PER: 2}."
            )
        self._set_label_ids(labels)
        head = self.cfg.head
        self.classifier = TokenClassifier(
            hidden_size=self.hidden_size,
            num_classes=len(labels),
            num_layers=head.num_fc_layers,
            activation=head.activation,
            log_softmax=False,
            dropout=head.fc_dropout,
            use_transformer_init=head.use_transformer_init,
        )
        self.setup_loss(self.cfg.dataset.class_balancing)
        self._report = ClassificationReport(len(labels), label_ids=labels)

    # ------------------------------------------------------------------------------------------------------ the labels

    @property
    def label_ids(self) -> dict[str, int]:
        """Number of each label."""
        return {str(label): int(number) for label, number in self.cfg.label_ids.items()}

    @property
    def labels(self) -> list[str]:
        """The labels in the order of the outputs."""
        return names_of(self.label_ids)

    @property
    def pad_label(self) -> str:
        """Label of words without a class."""
        return str(self.cfg.dataset.pad_label)

    def _known_label_ids(self) -> dict[str, int] | None:
        """Those of the config or of the file that it names; None before any are known."""
        if self.cfg.label_ids is not None:
            return checked_label_ids(self.cfg.label_ids, self.pad_label, "model.label_ids")
        file = self.cfg.class_labels.class_labels_file
        if file and (file.startswith("nemo:") or os.path.isfile(file)):
            found = self.register_artifact("class_labels.class_labels_file", file)
            return checked_label_ids(load_label_ids(str(found)), self.pad_label, str(found))
        return None

    def _set_label_ids(self, label_ids: Mapping[str, int]) -> None:
        with open_dict(self.cfg):
            self.cfg.label_ids = dict(label_ids)

    def setup_loss(self, class_balancing: str | None = None) -> None:
        """Builds the loss.

        Args:
            class_balancing: weighted_loss: a label counts for more the fewer words of the training data have it; None:
                all count the same.
        """
        weights = None
        if class_balancing == "weighted_loss" and self._train_dl is not None:
            label_ids = self.label_ids
            counts = self._train_dl.dataset.label_frequencies
            weights = balanced_weights((label_ids[label] for label in counts.elements()), len(label_ids))
        self.loss = CrossEntropyLoss(logits_ndim=3, weight=weights)

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits."""
        return {"logits": NeuralType(("B", "T", "C"), LogitsType())}

    @typecheck()
    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Pieces [B, S], their mask and segments -> logits [B, S, C]."""
        states = self.bert_model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        logits: Tensor = self.classifier(hidden_states=states)
        return logits

    @property
    def output_module(self) -> Any:
        """The exported file gives what the classifier gives."""
        return self.classifier

    # ----------------------------------------------------------------------------------------------------------- data

    def update_data_dir(self, data_dir: str) -> None:
        """Sets the folder in which the data sections look for their files."""
        if not os.path.isdir(data_dir):
            raise ConfigError(
                f"The data folder {data_dir} does not exist. Expected the folder of text and label files."
            )
        self.cfg.dataset.data_dir = str(data_dir)
        logger.info("model.dataset.data_dir is now %s", data_dir)

    def setup_training_data(self, train_data_config: DictConfig | dict[str, Any] | None = None) -> None:
        """Builds the training loader; labels that the model does not know yet come from it.

        Args:
            train_data_config: a `train_ds` section; None: that of the config.
        """
        section = self.cfg.train_ds if train_data_config is None else train_data_config
        self._train_dl = self._build_loader(section, "train")
        if self.cfg.label_ids is None:
            self._set_label_ids(self._train_dl.dataset.label_ids)
        if "loss" in self._modules:
            self.setup_loss(self.cfg.dataset.class_balancing)
            self.loss.to(self.device)

    def setup_validation_data(self, val_data_config: DictConfig | dict[str, Any] | None = None) -> None:
        """Builds the loader of a validation set."""
        section = self.cfg.validation_ds if val_data_config is None else val_data_config
        self._validation_dl = self._build_loader(section, "validation")

    def setup_test_data(self, test_data_config: DictConfig | dict[str, Any] | None = None) -> None:
        """Builds the loader of a test set."""
        section = self.cfg.test_ds if test_data_config is None else test_data_config
        self._test_dl = self._build_loader(section, "test")

    def _build_loader(self, section: Any, kind: str) -> Any:
        where = f"model.{kind}_ds"
        self._update_dataset_config(kind, OmegaConf.create(section) if isinstance(section, dict) else section)
        shared = TokenDataConfig.__dataclass_fields__  # a section may have its own values of what sets share
        cfg = with_defaults(TokenSetConfig, section, where, also=tuple(shared))
        common = OmegaConf.merge(self.cfg.dataset, {key: cfg[key] for key in shared if key in cfg})
        dataset = BertTokenClassificationDataset(
            _path(cfg, "text_file", common.data_dir, where),
            _path(cfg, "labels_file", common.data_dir, where),
            common.max_seq_length,
            self.tokenizer,
            num_samples=cfg.num_samples,
            pad_label=common.pad_label,
            label_ids=self._known_label_ids(),
            ignore_extra_tokens=common.ignore_extra_tokens,
            ignore_start_end=common.ignore_start_end,
        )
        return make_loader(
            dataset,
            shuffle=cfg.shuffle,
            evaluation=kind != "train",
            batch_size=cfg.batch_size,
            collate_fn=dataset.collate_fn,
            drop_last=common.drop_last,
            num_workers=common.num_workers,
            pin_memory=common.pin_memory and torch.cuda.is_available(),  # without a device PyTorch warns
        )

    # ------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: TokenBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        input_ids, segment_ids, input_mask, _, loss_mask, labels = batch
        logits = self.forward(input_ids=input_ids, attention_mask=input_mask, token_type_ids=segment_ids)
        loss = self.loss(logits=logits, labels=labels, loss_mask=loss_mask)
        return {"loss": loss, "log": {"train_loss": loss.detach(), "lr": self._learning_rate()}}

    def _learning_rate(self) -> float:
        return float(self._optimizer.param_groups[0]["lr"]) if self._optimizer is not None else 0.0

    def _evaluate(self, batch: TokenBatch) -> dict[str, Any]:
        """Sums over a batch, from which those of a set are made."""
        input_ids, segment_ids, input_mask, starts, loss_mask, labels = batch
        logits = self.forward(input_ids=input_ids, attention_mask=input_mask, token_type_ids=segment_ids)
        given = logits.argmax(dim=-1)
        counts = self._report(given[starts], labels[starts])[: len(COUNTS)]
        self._report.reset()
        entities = EntityCounts()
        names = self.labels
        for chosen, right, is_start in zip(given.tolist(), labels.tolist(), starts.tolist(), strict=True):
            places = [place for place, first in enumerate(is_start) if first]
            entities.add([names[chosen[place]] for place in places], [names[right[place]] for place in places])
        return {
            "loss": self.loss(logits=logits, labels=labels, loss_mask=loss_mask),
            **dict(zip(COUNTS, counts, strict=True)),
            "entities": torch.tensor(entities.totals(), device=logits.device),
        }

    def validation_step(self, batch: TokenBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and counts of a batch, kept for the end of the epoch."""
        results = self._evaluate(batch)
        self.keep_step_output(results, dataloader_idx)
        return results

    def test_step(self, batch: TokenBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and counts of a batch, kept for the end of the test."""
        return self.validation_step(batch, batch_idx, dataloader_idx)

    def multi_validation_epoch_end(self, outputs: list[dict[str, Any]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss, macro averages over labels, and F1 of entities, of a validation set."""
        return self._combine(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Any]], dataloader_idx: int = 0) -> dict[str, Any]:
        """The same of a test set."""
        return self._combine(outputs, "test")

    def _combine(self, outputs: list[dict[str, Any]], prefix: str) -> dict[str, Any]:
        loss = torch.stack([output["loss"] for output in outputs]).mean()
        counts = [torch.stack([output[name] for output in outputs]).sum(dim=0) for name in COUNTS]
        precision, recall, f1, report = self._report.of_counts(*counts)
        logger.info("%s report: %s", prefix, report)
        entities = entity_scores(*torch.stack([output["entities"] for output in outputs]).sum(dim=0).tolist())
        log = {f"{prefix}_loss": loss, "precision": precision, "recall": recall, "f1": f1}
        log |= {
            "entity_precision": torch.tensor(entities.precision),
            "entity_recall": torch.tensor(entities.recall),
            "entity_f1": torch.tensor(entities.f1),
        }
        return {f"{prefix}_loss": loss, "log": log}

    # ------------------------------------------------------------------------------------------------------ inference

    def add_predictions(
        self, queries: Sequence[str] | str, batch_size: int = 32, output_file: str | None = None
    ) -> list[str]:
        """Writes each word's label after it, `santa[B-LOC] clara[I-LOC]`; words of the pad label stay as they are.

        Args:
            queries: texts of any length, or one.
            batch_size: texts computed together.
            output_file: write the results there too, one a line.

        Returns:
            One text for each query, words with one space between.
        """
        return add_word_labels(self, queries, batch_size, output_file)

    def evaluate_from_file(
        self,
        output_dir: str,
        text_file: str,
        labels_file: str | None = None,
        add_confusion_matrix: bool | None = False,
        normalize_confusion_matrix: bool | None = True,
        batch_size: int = 1,
    ) -> None:
        """Labels the sentences of a file; with the right labels, reports how well.

        Writes `infer_<text_file>` with the results into `output_dir`, and with `labels_file` a report and, if asked
        for, a confusion matrix.

        Args:
            output_dir: folder for what is written; made if it is not there.
            text_file: a sentence a line.
            labels_file: the right labels.
            add_confusion_matrix: write how often each label was given for each, `confusion_matrix.tsv`.
            normalize_confusion_matrix: in parts of each right label's words instead of counts.
            batch_size: sentences computed together.

        Raises:
            TextFileError: a file cannot be read, or the files do not belong together.
        """
        evaluate_word_labels(
            self,
            output_dir,
            text_file,
            labels_file,
            with_matrix=bool(add_confusion_matrix),
            normalize=bool(normalize_confusion_matrix),
            batch_size=batch_size,
        )


def _path(cfg: DictConfig, key: str, data_dir: str | None, where: str) -> str:
    folder = cfg.ds_item if cfg.ds_item is not None else data_dir
    if not cfg[key]:
        raise ConfigError(
            f"{where}.{key} is not set. Expected the name of a file in model.dataset.data_dir ({folder or 'not set'}), "
            "or a whole path; set it."
        )
    return os.path.join(os.path.expanduser(folder or ""), os.path.expanduser(str(cfg[key])))
