"""Names of concepts as vectors, those of one concept close together (SapBERT; Liu et al., 2021, arXiv:2010.11784).

input_ids [B, T] -> bert_model -> [B, T, H] -> state of [CLS], of unit length [B, H]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.losses.multi_similarity_loss import MultiSimilarityLoss
from nemo.collections.nlp.data.entity_names import EntityLinkingDataset, NameBatch
from nemo.collections.nlp.data.text_section import TextSectionConfig, build_loader, filled_section
from nemo.collections.nlp.inference.embed_texts import embed_texts
from nemo.collections.nlp.models.encoder_config import LanguageModelConfig
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.collections.nlp.modules.tokenizers import TokenizerConfig
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import LogitsType, NeuralType
from nemo.core.training.keys import TRAINING_KEYS

KEYS_OF_USERS = ("nemo_path", "raw_data", "data_dir", "index", "do_training")


@dataclass
class EntitySectionConfig(TextSectionConfig):
    """A dataset section."""

    data_file: str | None = None
    """``concept id<TAB>name`` on each line, or ``concept id<TAB>name<TAB>name``."""
    max_seq_length: int | None = None


@dataclass
class EntityLinkingConfig:
    """`model:` section; keys are the original's."""

    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    max_seq_length: int = 128
    """Tokens of a name."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class EntityLinkingModel(NLPModel, Exportable):
    """Says which concept a name stands for: the one whose known name is nearest.

        vectors = model.encode(known_names)
        products, numbers = nearest(model.encode(["heart attack"]), vectors, k=1)

    Args:
        cfg: an :class:`EntityLinkingConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: the encoder or the tokenizer cannot be built.
        TextFileError: a file of names cannot be used.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        filled = with_defaults(EntityLinkingConfig, cfg, also=(*KEYS_OF_USERS, *TRAINING_KEYS))
        super().__init__(filled, trainer)
        self.loss = MultiSimilarityLoss()

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Vectors."""
        return {"logits": NeuralType(("B", "D"), LogitsType())}

    @typecheck()
    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None, attention_mask: Tensor | None = None
    ) -> Tensor:
        """Tokens [B, T], their types and mask -> vectors [B, H] of unit length."""
        states = self.bert_model(input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask)
        return F.normalize(states[:, 0], dim=1)

    def encode(self, texts: Sequence[str], batch_size: int = 32) -> Tensor:
        """Vectors [N, H] of names, on the CPU; their products are cosines.

        Args:
            texts: names; what is too long loses its end.
            batch_size: texts computed together; it does not change results.
        """
        return embed_texts(
            texts,
            self.tokenizer,
            lambda ids, mask, types: self.forward(input_ids=ids, token_type_ids=types, attention_mask=mask),
            self,
            self.cfg.max_seq_length,
            batch_size,
        )

    def training_step(self, batch: NameBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        loss = self._vectors_and_loss(batch)[1]
        rate = self._optimizer.param_groups[0]["lr"] if self._optimizer is not None else 0.0
        return {"loss": loss, "log": {"train_loss": loss, "lr": rate}}

    def validation_step(self, batch: NameBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss of a batch, and how often the nearest other name of the batch is of the same concept."""
        vectors, loss = self._vectors_and_loss(batch)
        products = (vectors @ vectors.T).fill_diagonal_(float("-inf"))
        right = (batch.concept_ids[products.argmax(dim=1)] == batch.concept_ids).sum()
        count = torch.tensor(len(vectors), device=loss.device)
        sums = {"loss": loss * count, "right": right, "names": count}
        self.keep_step_output(sums, dataloader_idx)
        return sums

    def test_step(self, batch: NameBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """As :meth:`validation_step`."""
        return self.validation_step(batch, batch_idx, dataloader_idx)

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and accuracy of the nearest name over a validation set."""
        return _of_set(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and accuracy of the nearest name over a test set."""
        return _of_set(outputs, "test")

    def _vectors_and_loss(self, batch: NameBatch) -> tuple[Tensor, Tensor]:
        ids, types, mask, concepts = batch
        vectors = self.forward(input_ids=ids, token_type_ids=types, attention_mask=mask)
        loss: Tensor = self.loss(logits=vectors, labels=concepts)
        return vectors, loss

    def _setup_dataloader_from_config(self, config: Any, where: str) -> Any:
        section = filled_section(config, where, EntitySectionConfig, "data_file")
        if section is None:
            return None
        longest = self.cfg.max_seq_length if section.max_seq_length is None else section.max_seq_length
        dataset = EntityLinkingDataset(self.tokenizer, section.data_file, longest, num_samples=section.num_samples)
        return build_loader(dataset, section, evaluation=where != "model.train_ds")

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class: none."""
        return []


def _of_set(outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
    sums = {name: torch.stack([each[name].float() for each in outputs]).sum() for name in outputs[0]}
    loss = sums["loss"] / sums["names"]
    return {
        f"{prefix}_loss": loss,
        "log": {f"{prefix}_loss": loss, f"{prefix}_accuracy": sums["right"] / sums["names"]},
    }
