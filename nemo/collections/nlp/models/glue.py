"""The tasks of GLUE: a BERT encoder and a classifier, or for sts-b a regression, on the state of its first token.

input_ids [B, T] -> bert_model -> [B, T, H] -> pooler -> logits [B, C], or values [B]
Wang et al., 2018 (https://arxiv.org/abs/1804.07461).
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from typing import Any

import torch
from omegaconf import MISSING
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.common.losses.mse_loss import MSELoss
from nemo.collections.nlp.data.glue import GLUEDataset, GlueTask, task_of
from nemo.collections.nlp.data.labelled_text import LabelledBatch
from nemo.collections.nlp.data.text_section import build_loader, filled_section
from nemo.collections.nlp.metrics.glue_scores import glue_scores
from nemo.collections.nlp.models.encoder_config import LanguageModelConfig
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.collections.nlp.modules.sequence_classifier import SequenceClassifier
from nemo.collections.nlp.modules.sequence_regression import SequenceRegression
from nemo.collections.nlp.modules.tokenizers import TokenizerConfig
from nemo.core.classes.dataset import DatasetConfig
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

KEYS_OF_USERS = ("nemo_path", "output_dir", "supported_tasks")
"""Keys that published YAML files have for their scripts."""


@dataclass
class GlueDataConfig:
    """`dataset:` section: what all sets of the model have in common."""

    data_dir: str | None = None
    """Folder of the task's files."""
    max_seq_length: int = 128
    """Most tokens of an input."""
    use_cache: bool = False
    """Not used."""
    num_workers: int = 0
    pin_memory: bool = False
    drop_last: bool = False


@dataclass
class GlueSectionConfig(DatasetConfig):
    """`train_ds` and `validation_ds`."""

    ds_item: Any = None
    """Name of the file in `dataset.data_dir`; for validation also a list, such as both dev files of mnli."""
    num_samples: int = -1
    """Use only so many lines from the start; -1: all."""
    num_workers: int | None = None
    """Null: that of `dataset`."""
    pin_memory: bool = False


@dataclass
class GLUEModelConfig:
    """`model:` section of a GLUE config; keys are the original's."""

    task_name: str = MISSING
    """cola, sst-2, mrpc, sts-b, qqp, mnli, qnli, rte or wnli."""
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    dataset: GlueDataConfig = field(default_factory=GlueDataConfig)
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class GLUEModel(NLPModel):
    """Does one task of GLUE.

    Args:
        cfg: a :class:`GLUEModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: there is no such task, or a section does not fit the others.
        TextFileError: a file of the task cannot be used; names the line.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(GLUEModelConfig, cfg, also=known, mandatory=("task_name",)), trainer)
        self.pooler: SequenceRegression | SequenceClassifier
        self.loss: MSELoss | CrossEntropyLoss
        if self.task.is_regression:
            self.pooler = SequenceRegression(hidden_size=self.hidden_size)
            self.loss = MSELoss()
        else:
            classes = len(self.task.labels)
            self.pooler = SequenceClassifier(hidden_size=self.hidden_size, num_classes=classes, log_softmax=False)
            self.loss = CrossEntropyLoss()

    @property
    def task(self) -> GlueTask:
        """Where the texts and labels of the task stand, and what labels there are."""
        return task_of(self.cfg.task_name)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits, or values."""
        return dict(self.pooler.output_types)

    @typecheck()
    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None, attention_mask: Tensor | None = None
    ) -> Tensor:
        """Computes logits [B, C], for sts-b values [B], of inputs [B, T]."""
        hidden_states = self.bert_model(
            input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask
        )
        outputs: Tensor = self.pooler(hidden_states=hidden_states)
        return outputs

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: LabelledBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        _, loss = self._outputs_and_loss(batch)
        lr = self._optimizer.param_groups[0]["lr"] if self._optimizer is not None else 0.0
        self.log("train_loss", loss)
        self.log("lr", lr, prog_bar=True)
        return {"loss": loss, "lr": lr}

    def validation_step(self, batch: LabelledBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss, predictions and labels of a batch, kept for the end of the epoch."""
        outputs, loss = self._outputs_and_loss(batch)
        predictions = outputs if self.task.is_regression else outputs.argmax(dim=-1)
        results = {"val_loss": loss, "predictions": predictions, "labels": batch[3]}
        self.keep_step_output(results, dataloader_idx)
        return results

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches) and the task's scores of one validation set."""
        return self._combined(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches) and the task's scores of one test set."""
        return self._combined(outputs, "test")

    def _outputs_and_loss(self, batch: LabelledBatch) -> tuple[Tensor, Tensor]:
        input_ids, input_type_ids, input_mask, labels = batch
        outputs = self.forward(input_ids=input_ids, token_type_ids=input_type_ids, attention_mask=input_mask)
        key = "preds" if self.task.is_regression else "logits"
        return outputs, self.loss(**{key: outputs}, labels=labels)

    def _combined(self, outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
        predictions, labels = (torch.cat([output[name] for output in outputs]) for name in ("predictions", "labels"))
        scores = {f"{prefix}_{name}": score.float() for name, score in self._scores(predictions, labels).items()}
        logger.info("%s of %s: %s", prefix, self.cfg.task_name, {name: float(score) for name, score in scores.items()})
        loss = torch.stack([output["val_loss"] for output in outputs]).mean()
        return {f"{prefix}_loss": loss, "log": {f"{prefix}_loss": loss, **scores}}

    def _scores(self, predictions: Tensor, labels: Tensor) -> dict[str, Tensor]:
        return glue_scores(self.cfg.task_name, predictions, labels)

    # ------------------------------------------------------------------------------------------------------------ data

    def _setup_dataloader_from_config(self, config: Any, where: str) -> Any:
        section = filled_section(config, where, GlueSectionConfig, "ds_item")
        if section is None:
            return None
        common = self.cfg.dataset
        if not common.data_dir:
            raise ConfigError(
                f"model.dataset.data_dir is not set. Expected the folder of the files of {self.cfg.task_name}; set it."
            )
        dataset = GLUEDataset(
            os.path.join(common.data_dir, str(section.ds_item)),
            self.cfg.task_name,
            self.tokenizer,
            common.max_seq_length,
            num_samples=section.num_samples,
        )
        section.num_workers = common.num_workers if section.num_workers is None else section.num_workers
        section.pin_memory = section.pin_memory or common.pin_memory
        section.drop_last = section.drop_last or common.drop_last
        return build_loader(dataset, section, evaluation=where != "model.train_ds")
