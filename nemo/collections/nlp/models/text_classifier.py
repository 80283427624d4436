"""Classification of texts: a BERT encoder and a classifier on the state of its first token (Devlin et al., 2018).

input_ids [B, T] -> bert_model -> [B, T, H] -> classifier -> logits [B, C]
B batch, T tokens, H hidden, C classes. https://arxiv.org/abs/1810.04805
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from omegaconf import MISSING
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.nlp.data.class_weights import balanced_weights
from nemo.collections.nlp.data.labelled_text import LabelledBatch, TextClassificationDataset
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.collections.nlp.data.text_section import build_loader, filled_section
from nemo.collections.nlp.inference.text_logits import text_logits
from nemo.collections.nlp.metrics.classification_report import ClassificationReport
from nemo.collections.nlp.models.encoder_config import LanguageModelConfig
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.collections.nlp.modules.sequence_classifier import SequenceClassifier
from nemo.collections.nlp.modules.tokenizers import TokenizerConfig
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

KEYS_OF_USERS = ("nemo_path", "infer_samples", "data_dir")
"""Keys that published YAML files have for their scripts."""


@dataclass
class TextDataConfig:
    """`dataset:` section: what all sets of the model have in common."""

    num_classes: int = MISSING
    """C; not needed with a file of labels."""
    do_lower_case: bool = False
    """Not used: the tokenizer knows, as in the original."""
    max_seq_length: int = 256
    """Most tokens of a text; of longer ones the end is kept."""
    class_balancing: str | None = None
    """weighted_loss: rare classes of the training data count for more in the loss."""
    use_cache: bool = False
    """Keep the tokens of each file beside it."""


@dataclass
class ClassifierHeadConfig:
    """`classifier_head:` section."""

    num_output_layers: int = 2
    fc_dropout: float = 0.1
    """Before the layers."""


@dataclass
class ClassLabelsConfig:
    """`class_labels:` section."""

    class_labels_file: str | None = None
    """Names of the classes, one a line, in the order of their numbers."""


@dataclass
class TextClassificationModelConfig:
    """`model:` section of a text classification config; keys are the original's."""

    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    classifier_head: ClassifierHeadConfig = field(default_factory=ClassifierHeadConfig)
    class_labels: ClassLabelsConfig = field(default_factory=ClassLabelsConfig)
    dataset: TextDataConfig = field(default_factory=TextDataConfig)
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class TextClassificationModel(NLPModel, Exportable):
    """Gives each text one of C classes.

        model = TextClassificationModel.restore_from("intents.nemo")
        print(model.classifytext(["play some jazz"]))

    Args:
        cfg: a :class:`TextClassificationModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
        TextFileError: a file of texts cannot be used; names the line.
    """

    config_class: type = TextClassificationModelConfig
    """Describes the config; of models with further keys another one."""

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        self.class_weights: list[float] | None = None
        super().__init__(with_defaults(self.config_class, cfg, also=known), trainer)
        head = self.cfg.classifier_head
        self.classifier = SequenceClassifier(
            hidden_size=self.hidden_size,
            num_classes=self.num_classes,
            num_layers=head.num_output_layers,
            activation="relu",
            log_softmax=False,
            dropout=head.fc_dropout,
            use_transformer_init=True,
            idx_conditioned_on=0,
        )
        self.create_loss_module()
        label_ids = {label: number for number, label in enumerate(self.labels)}
        self.classification_report = ClassificationReport(self.num_classes, label_ids, mode="micro")

    # ------------------------------------------------------------------------------------------------- classes and loss

    @functools.cached_property
    def labels(self) -> list[str]:
        """Names of the classes; empty without `class_labels.class_labels_file`, which becomes the model's own."""
        path = self.cfg.class_labels.class_labels_file
        if not path:
            return []
        path = self.register_artifact("class_labels.class_labels_file", str(path))
        return [line.text.strip() for line in read_lines(str(path)) if line.text.strip()]

    @property
    def num_classes(self) -> int:
        """C.

        Raises:
            ConfigError: it is not set, below 1, or not the number of labels.
        """
        given = self.cfg.dataset.get("num_classes") if "num_classes" in self.cfg.dataset else None
        if given in (None, MISSING):
            given = len(self.labels) or None
        if not isinstance(given, int) or given < 1:
            raise ConfigError(
                f"model.dataset.num_classes is {'not set' if given is None else given}. Expected the number of "
                "classes, 1 or more; set it, or class_labels.class_labels_file to a file of their names."
            )
        if self.labels and len(self.labels) != given:
            raise ConfigError(
                f"model.dataset.num_classes is {given}, but {self.cfg.class_labels.class_labels_file} names "
                f"{len(self.labels)} classes. Mend one of them."
            )
        return given

    def create_loss_module(self) -> None:
        """Builds `loss` anew: cross entropy, with the weights of the classes if `class_balancing` asks for them."""
        self.loss = CrossEntropyLoss(weight=self.class_weights)

    # --------------------------------------------------------------------------------------------------------- network

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits."""
        return dict(self.classifier.output_types)

    @typecheck()
    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None, attention_mask: Tensor | None = None
    ) -> Tensor:
        """Computes the logits of texts.

        Args:
            input_ids: [B, T] tokens.
            token_type_ids: [B, T], 0 for a single text.
            attention_mask: [B, T], 1 for tokens, 0 for padding.

        Returns:
            [B, C].
        """
        hidden_states = self.bert_model(
            input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask
        )
        logits: Tensor = self.classifier(hidden_states=hidden_states)
        return logits

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: LabelledBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        input_ids, input_type_ids, input_mask, labels = batch
        logits = self.forward(input_ids=input_ids, token_type_ids=input_type_ids, attention_mask=input_mask)
        train_loss = self.loss(logits=logits, labels=labels)
        lr = self._optimizer.param_groups[0]["lr"] if self._optimizer is not None else 0.0
        self.log("train_loss", train_loss)
        self.log("lr", lr, prog_bar=True)
        return {"loss": train_loss, "lr": lr}

    def validation_step(self, batch: LabelledBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss and counts of a batch, kept for the end of the epoch."""
        input_ids, input_type_ids, input_mask, labels = batch
        logits = self.forward(input_ids=input_ids, token_type_ids=input_type_ids, attention_mask=input_mask)
        val_loss = self.loss(logits=logits, labels=labels)
        tp, fn, fp, _ = self.classification_report(logits.argmax(dim=-1), labels)
        results = {"val_loss": val_loss, "tp": tp, "fn": fn, "fp": fp}
        self.keep_step_output(results, dataloader_idx)
        return results

    def test_step(self, batch: LabelledBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss and counts of a batch, kept for the end of the test."""
        return self.validation_step(batch, batch_idx, dataloader_idx)

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches), precision, recall, F1 and accuracy of one validation set."""
        return self._combined(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches), precision, recall, F1 and accuracy of one test set."""
        return self._combined(outputs, "test")

    def _combined(self, outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
        tp, fn, fp = (torch.stack([output[name] for output in outputs]).sum(dim=0) for name in ("tp", "fn", "fp"))
        precision, recall, f1, report = self.classification_report.of_counts(tp, fn, fp)
        logger.info("%s report: %s", prefix, report)
        loss = torch.stack([output["val_loss"] for output in outputs]).mean()
        accuracy = tp.sum() / (tp + fn).sum().clamp(min=1)
        log = {f"{prefix}_loss": loss, f"{prefix}_accuracy": accuracy}
        return {f"{prefix}_loss": loss, "log": {**log, "precision": precision, "recall": recall, "f1": f1}}

    # ------------------------------------------------------------------------------------------------------------ data

    def setup_training_data(self, train_data_config: Any) -> None:
        """Builds the training loader from a `train_ds` section, and the loss with the weights of its classes."""
        super().setup_training_data(train_data_config)
        balancing = self.cfg.dataset.class_balancing
        if balancing not in (None, "weighted_loss"):
            raise ConfigError(
                f"model.dataset.class_balancing is {balancing!r}. Expected weighted_loss or null; set it."
            )
        if balancing is not None and self._train_dl is not None:
            self.class_weights = balanced_weights(self._train_dl.dataset.labels, self.num_classes)
            self.create_loss_module()

    def _setup_dataloader_from_config(self, config: Any, where: str = "model.train_ds") -> Any:
        """The loader of one section; None if it names no file."""
        section = filled_section(config, where)
        if section is None:
            return None
        dataset = TextClassificationDataset(
            tokenizer=self.tokenizer,
            input_file=section.file_path,
            max_seq_length=self.cfg.dataset.max_seq_length,
            num_samples=section.num_samples,
            use_cache=self.cfg.dataset.use_cache,
            num_classes=self.num_classes,
        )
        return build_loader(dataset, section, evaluation=where != "model.train_ds")

    # ------------------------------------------------------------------------------------------------------- inference

    def classifytext(self, queries: Sequence[str], batch_size: int = 1, max_seq_length: int = -1) -> list[int]:
        """Classifies texts.

        Args:
            queries: the texts.
            batch_size: texts computed together; they are ordered by length, the results are not.
            max_seq_length: most tokens of a text, of longer ones the end is kept; -1: as many as the encoder takes.

        Returns:
            The number of each text's likeliest class; names are in :attr:`labels`.
        """
        logits = text_logits(self, queries, batch_size, max_seq_length)
        return [int(number) for number in logits.argmax(dim=-1)]
