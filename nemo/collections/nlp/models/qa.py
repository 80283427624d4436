"""Finds the answer to a question in a text: an encoder, and scores of each token as its first and as its last.

Devlin et al., 2019 (https://arxiv.org/abs/1810.04805), sections 4.2 and 4.3.
[CLS] question [SEP] part of the context [SEP] -> encoder -> [B, T, H] -> token_classifier -> logits [B, T, 2]
B windows, T tokens of the longest, H hidden.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from nemo.collections.common.losses.spanning_loss import SpanningLoss
from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.nlp.data.question_windows import QADataset
from nemo.collections.nlp.data.text_section import build_loader, filled_section
from nemo.collections.nlp.decoding.answer_spans import AnswerSearch, QuestionAnswers
from nemo.collections.nlp.inference.evaluation_mode import evaluation_mode
from nemo.collections.nlp.metrics.answer_scores import squad_scores
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.collections.nlp.models.qa_config import KEYS_OF_OTHER_ENGINES, QAModelConfig, QASetConfig
from nemo.core.classes.evaluation_outputs import outputs_of_set
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

MANY_BATCHES = 20
"""From here on a progress bar says how far it is."""

QABatch = Sequence[Tensor]
"""input_ids, token_type_ids, attention_mask [B, T], numbers of the windows [B], start and end positions [B]."""


class QAModel(NLPModel):
    """Marks answers in texts of any length, which it reads in windows.

        model = QAModel.restore_from("qa.nemo")
        answers, nbest = model.inference("questions.json", batch_size=8)

    Args:
        cfg: a :class:`~nemo.collections.nlp.models.qa_config.QAModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section is missing or has a value that cannot be.
        TextFileError: a data file cannot be read.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        known = (*KEYS_OF_OTHER_ENGINES, *TRAINING_KEYS)
        super().__init__(with_defaults(QAModelConfig, cfg, also=known), trainer)
        head = self.cfg.token_classifier
        if head.num_classes != 2:
            raise ConfigError(
                f"model.token_classifier.num_classes is {head.num_classes}. Expected 2: scores of the first and of the "
                "last token of the answer; set it to 2."
            )
        self.classifier = TokenClassifier(
            hidden_size=self.hidden_size,
            num_classes=2,
            num_layers=head.num_layers,
            activation=head.activation,
            log_softmax=head.log_softmax,
            dropout=head.dropout,
            use_transformer_init=head.use_transformer_init,
        )
        self.loss = SpanningLoss()

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Scores of each token."""
        return self.classifier.output_types

    @typecheck()
    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Computes the scores of each token as the first and as the last of the answer.

        Args:
            input_ids: [B, T] tokens.
            attention_mask: [B, T], 1 for tokens, 0 for padding.
            token_type_ids: [B, T], 0 in the question, 1 in the context.

        Returns:
            [B, T, 2].
        """
        states = self.bert_model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        logits: Tensor = self.classifier(hidden_states=states)
        return logits

    @property
    def output_module(self) -> Any:
        """The exported file gives what the classifier gives."""
        return self.classifier

    # ----------------------------------------------------------------------------------------------------------- data

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
        cfg = filled_section(section, f"model.{kind}_ds", QASetConfig, "file")
        if cfg is None:
            return None
        for key in ("num_workers", "pin_memory", "drop_last"):
            cfg[key] = self.cfg.dataset[key] if cfg[key] is None else cfg[key]
        dataset = self._dataset(str(cfg.file), "train" if kind == "train" else "eval", cfg.num_samples)
        return build_loader(dataset, cfg, evaluation=kind != "train")

    def _dataset(self, file: str, mode: str, num_samples: int = -1) -> QADataset:
        shared = self.cfg.dataset
        return QADataset(
            os.path.expanduser(file),
            self.tokenizer,
            keep_doc_spans=shared.keep_doc_spans,
            doc_stride=shared.doc_stride,
            max_query_length=shared.max_query_length,
            max_seq_length=shared.max_seq_length,
            version_2_with_negative=shared.version_2_with_negative,
            num_samples=num_samples,
            mode=mode,
            check_if_answer_in_context=shared.check_if_answer_in_context,
        )

    @property
    def answer_search(self) -> AnswerSearch:
        """How answers are found from scores, as `dataset` of the config says now."""
        shared = self.cfg.dataset
        return AnswerSearch(
            n_best_size=shared.n_best_size,
            max_answer_length=shared.max_answer_length,
            version_2_with_negative=shared.version_2_with_negative,
            null_score_diff_threshold=shared.null_score_diff_threshold,
        )

    # ------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: QABatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        loss, _, _ = self._loss_and_scores(batch)
        lr = float(self._optimizer.param_groups[0]["lr"]) if self._optimizer is not None else 0.0
        return {"loss": loss, "log": {"train_loss": loss.detach(), "lr": lr}}

    def _loss_and_scores(self, batch: QABatch) -> tuple[Tensor, Tensor, Tensor]:
        input_ids, token_type_ids, attention_mask, _, start_positions, end_positions = batch
        logits = self.forward(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        loss, start, end = self.loss(logits=logits, start_positions=start_positions, end_positions=end_positions)
        return loss, start, end

    def _evaluate(self, batch: QABatch, prefix: str) -> dict[str, Any]:
        loss, start, end = self._loss_and_scores(batch)
        scores = {"unique_ids": batch[3], "start_logits": start, "end_logits": end}
        return {f"{prefix}_loss": loss, **{name: value.detach().cpu() for name, value in scores.items()}}

    def validation_step(self, batch: QABatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and scores of a batch, kept for the end of the epoch."""
        results = self._evaluate(batch, "val")
        outputs_of_set(self.validation_step_outputs, dataloader_idx).append(results)
        return results

    def test_step(self, batch: QABatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and scores of a batch, kept for the end of the test."""
        results = self._evaluate(batch, "test")
        outputs_of_set(self.test_step_outputs, dataloader_idx).append(results)
        return results

    def multi_validation_epoch_end(self, outputs: list[dict[str, Any]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss, exact match and F1 of a validation set, in percent."""
        return self._combine(outputs, "val", self._validation_dl, dataloader_idx)

    def multi_test_epoch_end(self, outputs: list[dict[str, Any]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss, exact match and F1 of a test set, in percent."""
        return self._combine(outputs, "test", self._test_dl, dataloader_idx)

    def _combine(self, outputs: list[dict[str, Any]], prefix: str, loaders: Any, index: int) -> dict[str, Any]:
        dataset = (loaders[index] if isinstance(loaders, list) else loaders).dataset
        scores = {}
        for output in outputs:
            scores.update(_by_window(output["unique_ids"], output["start_logits"], output["end_logits"]))
        found = self.answer_search(dataset, scores)
        result = _scores_of(dataset, found)
        loss = torch.stack([output[f"{prefix}_loss"] for output in outputs]).mean()
        log = {f"{prefix}_loss": loss}
        log |= {f"{prefix}_{name}": torch.tensor(result[key]) for name, key in (("exact_match", "exact"), ("f1", "f1"))}
        return {f"{prefix}_loss": loss, "log": log}

    # ------------------------------------------------------------------------------------------------------ inference

    def answers_from_file(self, file: str, batch_size: int = 1, num_samples: int = -1) -> list[QuestionAnswers]:
        """The answers to the questions of a file, in its order.

        Args:
            file: JSON in SQuAD format; answers are not needed.
            batch_size: windows computed together.
            num_samples: only so many questions, the first ones; -1 for all.

        Raises:
            TextFileError: the file cannot be read or used.
        """
        return self._answers(self._dataset(file, "infer", num_samples), batch_size)

    def _answers(self, dataset: QADataset, batch_size: int) -> list[QuestionAnswers]:
        order = sorted(
            range(len(dataset)), key=dataset.length_of, reverse=True
        )  # long ones first: memory lacks at once
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        loader = DataLoader(dataset, batch_sampler=batches, collate_fn=dataset.collate_fn)
        scores = {}
        with evaluation_mode(self):
            for batch in tqdm(loader, desc="questions", disable=len(batches) < MANY_BATCHES):
                ids, types, mask = (tensor.to(self.device) for tensor in batch[:3])
                logits = self.forward(input_ids=ids, attention_mask=mask, token_type_ids=types)
                scores.update(_by_window(batch[3], *logits.float().cpu().unbind(dim=-1)))
        return self.answer_search(dataset, scores)

    def inference(
        self,
        file: str,
        batch_size: int = 1,
        num_samples: int = -1,
        output_nbest_file: str | None = None,
        output_prediction_file: str | None = None,
    ) -> tuple[dict[str, tuple[str, str]], dict[str, list[dict[str, Any]]]]:
        """Answers the questions of a file, in the original's form; see :meth:`answers_from_file`.

        Args:
            file: JSON in SQuAD format; answers are not needed.
            batch_size: windows computed together.
            num_samples: only so many questions, the first ones; -1 for all.
            output_nbest_file: write the best answers of each question there too, as JSON.
            output_prediction_file: write the questions and their answers there too, as JSON.

        Returns:
            Id of each question -> (question, answer), an empty answer for none; and id -> its best answers with text,
            probability, start_logit and end_logit.

        Raises:
            TextFileError: the file cannot be read or used.
        """
        found = self.answers_from_file(file, batch_size, num_samples)
        predictions = {result.qas_id: (result.question, result.answer) for result in found}
        nbest = {result.qas_id: [_as_dict(result.question, answer) for answer in result.nbest] for result in found}
        for path, content in ((output_nbest_file, nbest), (output_prediction_file, predictions)):
            if path is not None:
                with atomic_write(path) as temporary:
                    temporary.write_text(json.dumps(content, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
        return predictions, nbest

    def evaluate_from_file(self, file: str, batch_size: int = 1, num_samples: int = -1) -> dict[str, float]:
        """Answers the questions of a file that has the right answers, and says how well.

        Args:
            file: JSON in SQuAD format.
            batch_size: windows computed together.
            num_samples: only so many questions, the first ones; -1 for all.

        Returns:
            `exact` and `f1` in percent and `total`; where some questions have no answer, also of both kinds
            (`HasAns_exact` ...).
        """
        dataset = self._dataset(file, "eval", num_samples)
        return _scores_of(dataset, self._answers(dataset, batch_size))


class BERTQAModel(QAModel):
    """The same model, under the name of the original's later releases."""


def _by_window(numbers: Tensor, start: Tensor, end: Tensor) -> dict[int, tuple[Tensor, Tensor]]:
    rows = zip(numbers.tolist(), start, end, strict=True)
    return {number: (first, last) for number, first, last in rows}


def _scores_of(dataset: QADataset, found: Sequence[QuestionAnswers]) -> dict[str, float]:
    right = {question.qas_id: question.answer_texts for question in dataset.questions}
    return squad_scores({result.qas_id: result.answer for result in found}, right)


def _as_dict(question: str, answer: Any) -> dict[str, Any]:
    return {
        "question": question,
        "text": answer.text,
        "probability": answer.probability,
        "start_logit": answer.start_logit,
        "end_logit": answer.end_logit,
    }
