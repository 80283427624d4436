"""Pre-training of BERT: guessing hidden tokens, and whether a text follows another (Devlin et al., 2019).

input_ids [B, T] -> bert_model -> [B, T, H] -> mlm_classifier -> log_probs [B, T, V]
                                            -> nsp_classifier -> logits [B, 2]
B batch, T tokens, H hidden, V vocabulary. https://arxiv.org/abs/1810.04805
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.data.batch_plan import FixedBatches, make_planned_loader
from nemo.collections.common.losses.aggregator import AggregatorLoss
from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.common.losses.smoothed_cross_entropy import SmoothedCrossEntropyLoss
from nemo.collections.nlp.data.masked_shards import BertPretrainingPreprocessedDataset
from nemo.collections.nlp.data.masked_text import BertPretrainingDataset, MaskedBatch
from nemo.collections.nlp.data.text_section import TextSectionConfig, build_loader, filled_section
from nemo.collections.nlp.models.encoder_config import LanguageModelConfig
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.collections.nlp.modules.pretraining_classifier import BertPretrainingTokenClassifier
from nemo.collections.nlp.modules.sequence_classifier import SequenceClassifier
from nemo.collections.nlp.modules.tokenizers import TokenizerConfig
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import LogitsType, LogprobsType, NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

KEYS_OF_USERS = ("nemo_path",)
"""Keys that published YAML files have for their scripts."""


@dataclass
class MaskedTextSectionConfig(TextSectionConfig):
    """A dataset section: plain text, or examples that were prepared before."""

    data_file: str | None = None
    """Text with one sentence a line and empty lines between documents; or `.npz` files, or their folder."""
    max_seq_length: int | None = None
    """Tokens of an example of plain text, [CLS] and [SEP] included."""
    mask_prob: float | None = None
    """Part of the tokens of plain text that is to be guessed."""
    short_seq_prob: float | None = None
    """Part of the examples of plain text that is made shorter."""
    max_predictions_per_seq: int | None = None
    """Most hidden tokens of a prepared example; set it for prepared examples."""


@dataclass
class BERTLMConfig:
    """`model:` section for pre-training of BERT; keys are the original's."""

    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    tokenizer: TokenizerConfig | None = field(default_factory=TokenizerConfig)
    """Not needed for prepared examples."""
    only_mlm_loss: bool = False
    """No next-sentence prediction."""
    num_tok_classification_layers: int = 1
    num_seq_classification_layers: int = 2
    max_seq_length: int = 128
    """Of the dataset sections that do not say."""
    mask_prob: float = 0.15
    short_seq_prob: float = 0.1
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class BERTLMModel(NLPModel, Exportable):
    """Trains an encoder on plain text; other models start from it by `language_model.lm_checkpoint: bert.nemo`.

    Args:
        cfg: a :class:`BERTLMConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
        TextFileError: a file of texts cannot be used.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(BERTLMConfig, cfg, also=known), trainer)
        self.only_mlm_loss = bool(self.cfg.only_mlm_loss)
        table = self.bert_model.get_input_embeddings().weight
        assert isinstance(table, torch.nn.Parameter)
        if table.shape[1] != self.hidden_size:
            raise ConfigError(
                f"The encoder's embeddings are {table.shape[1]} wide and its states {self.hidden_size}. Expected the "
                "same width, because the classifier of tokens shares the embeddings; set embedding_size to hidden_size."
            )
        # names fixed by archives
        self.mlm_classifier = BertPretrainingTokenClassifier(
            hidden_size=self.hidden_size,
            num_classes=table.shape[0],
            num_layers=self.cfg.num_tok_classification_layers,
            activation="gelu",
            log_softmax=True,
            use_transformer_init=True,
        )
        self.mlm_classifier.mlp.last_linear_layer.weight = table
        self.mlm_loss = SmoothedCrossEntropyLoss()
        if not self.only_mlm_loss:
            self.nsp_classifier = SequenceClassifier(
                hidden_size=self.hidden_size,
                num_classes=2,
                num_layers=self.cfg.num_seq_classification_layers,
                log_softmax=False,
                activation="tanh",
                use_transformer_init=True,
            )
            self.nsp_loss = CrossEntropyLoss()
            self.agg_loss = AggregatorLoss(num_inputs=2)

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities of tokens, and logits of what follows."""
        types = {"mlm_log_probs": NeuralType(("B", "T", "D"), LogprobsType())}
        return types if self.only_mlm_loss else {**types, "nsp_logits": NeuralType(("B", "D"), LogitsType())}

    @typecheck()
    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Guesses the token at each place, and whether the second text follows the first.

        Args:
            input_ids: [B, T] tokens, some of them hidden.
            attention_mask: [B, T], 1 for tokens, 0 for padding.
            token_type_ids: [B, T], 0 and 1 for the first and the second text.

        Returns:
            Log-probabilities [B, T, V]; and, unless `only_mlm_loss`, logits [B, 2], the second that it follows.
        """
        states = self.bert_model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        log_probs = self.mlm_classifier(hidden_states=states)
        if self.only_mlm_loss:
            return (log_probs,)
        return log_probs, self.nsp_classifier(hidden_states=states)

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: MaskedBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        loss, mlm_loss, nsp_loss, _ = self._losses(batch)
        rate = self._optimizer.param_groups[0]["lr"] if self._optimizer is not None else 0.0
        log = {"train_loss": loss, "lr": rate}
        if nsp_loss is not None:
            log |= {"loss_mlm": mlm_loss, "loss_nsp": nsp_loss}
        return {"loss": loss, "log": log}

    def validation_step(self, batch: MaskedBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Sums of a batch: losses, hidden tokens, those guessed right, pairs judged right."""
        _, mlm_loss, nsp_loss, outputs = self._losses(batch)
        tokens, pairs = batch[4].sum(), torch.tensor(len(batch[5]), device=mlm_loss.device)
        right = (outputs[0].argmax(dim=-1) == batch[3][batch[4].bool()]).sum()
        sums = {"mlm": mlm_loss * tokens, "tokens": tokens, "right": right, "pairs": pairs}
        if nsp_loss is not None:
            sums |= {"nsp": nsp_loss * pairs, "pairs_right": (outputs[1].argmax(dim=-1) == batch[5]).sum()}
        self.keep_step_output(sums, dataloader_idx)
        return sums

    def test_step(self, batch: MaskedBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """As :meth:`validation_step`."""
        return self.validation_step(batch, batch_idx, dataloader_idx)

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss, perplexity and accuracy of hidden tokens, and accuracy of pairs, over a validation set."""
        return _of_set(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """As :meth:`multi_validation_epoch_end`, over a test set."""
        return _of_set(outputs, "test")

    def _losses(self, batch: MaskedBatch) -> tuple[Tensor, Tensor, Tensor | None, tuple[Tensor, ...]]:
        """Loss, that of tokens, that of pairs; and log-probabilities of the hidden tokens [N, V], logits of pairs."""
        input_ids, types, mask, output_ids, output_mask, labels = batch
        states = self.bert_model(input_ids=input_ids, attention_mask=mask, token_type_ids=types)
        is_chosen = output_mask.bool()
        # most of the cost of a small encoder is in the classes of tokens that nobody asks for
        log_probs = self.mlm_classifier(hidden_states=states[is_chosen][None])
        ones = torch.ones_like(output_ids[is_chosen][None])
        mlm_loss = self.mlm_loss(log_probs=log_probs, labels=output_ids[is_chosen][None], output_mask=ones)
        if self.only_mlm_loss:
            return mlm_loss, mlm_loss, None, (log_probs[0],)
        logits = self.nsp_classifier(hidden_states=states)
        nsp_loss = self.nsp_loss(logits=logits, labels=labels)
        return self.agg_loss(loss_1=mlm_loss, loss_2=nsp_loss), mlm_loss, nsp_loss, (log_probs[0], logits)

    # ------------------------------------------------------------------------------------------------------------ data

    def _setup_dataloader_from_config(self, config: Any, where: str) -> Any:
        section = filled_section(config, where, MaskedTextSectionConfig, "data_file")
        if section is None:
            return None
        if section.max_predictions_per_seq is not None:
            prepared = BertPretrainingPreprocessedDataset(
                section.data_file, section.max_predictions_per_seq, section.shuffle
            )
            plan = FixedBatches(prepared, section.batch_size, section.drop_last)
            return make_planned_loader(
                prepared, plan, collate_fn=prepared.collate_fn, num_workers=section.num_workers or 0
            )
        for key in ("max_seq_length", "mask_prob", "short_seq_prob"):
            section[key] = self.cfg[key] if section[key] is None else section[key]
        dataset = BertPretrainingDataset(
            self.tokenizer,
            section.data_file,
            section.max_seq_length,
            section.mask_prob,
            section.short_seq_prob,
            next_sentence=not self.cfg.only_mlm_loss,
            num_samples=section.num_samples,
            new_in_each_epoch=where == "model.train_ds",
        )
        return build_loader(dataset, section, evaluation=where != "model.train_ds")

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class: none that is still to be had."""
        return []


def _of_set(outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
    sums = {name: torch.stack([each[name].double() for each in outputs]).sum() for name in outputs[0]}
    tokens, pairs = sums["tokens"].clamp(min=1), sums["pairs"].clamp(min=1)
    mlm_loss = sums["mlm"] / tokens
    loss = mlm_loss + sums["nsp"] / pairs if "nsp" in sums else mlm_loss
    values = {
        "loss": loss.float(),
        "mlm_loss": mlm_loss.float(),
        "PPL": torch.tensor(math.exp(min(float(mlm_loss), 80.0))),
        "mlm_accuracy": (sums["right"] / tokens).float(),
    }
    if "nsp" in sums:
        values["nsp_accuracy"] = (sums["pairs_right"] / pairs).float()
    log = {f"{prefix}_{name}": value for name, value in values.items()}
    return {f"{prefix}_loss": values["loss"], "log": log}
