"""Retrieval of passages (Karpukhin et al., 2020, arXiv:2004.04906): texts as vectors, or pairs of texts as numbers.

`BertDPRModel`: queries [B, T] -> q_encoder -> [B, H], passages [B, P, T] -> p_encoder -> [B, P, H]; scores are products
`BertJointIRModel`: pairs [B, P, T] -> bert_model -> sim_score_regressor -> scores [B, P]
B queries, P passages of each (the right one first), T tokens, H hidden.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.common.text_encoders.encoder import BertEncoder
from nemo.collections.nlp.data.encoder_inputs import EncoderInputs
from nemo.collections.nlp.data.retrieval import (
    BertInformationRetrievalDataset,
    PairBatch,
    RetrievalBatch,
    right_is_first,
)
from nemo.collections.nlp.data.text_section import TextSectionConfig, build_loader, filled_section
from nemo.collections.nlp.inference.embed_texts import embed_texts, nearest
from nemo.collections.nlp.inference.evaluation_mode import evaluation_mode
from nemo.collections.nlp.metrics.reciprocal_rank import reciprocal_ranks
from nemo.collections.nlp.models.encoder_config import LanguageModelConfig
from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.collections.nlp.modules.sequence_regression import SequenceRegression
from nemo.collections.nlp.modules.tokenizers import TokenizerConfig
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import ChannelType, EncodedRepresentation, LogitsType, MaskType, NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

KEYS_OF_USERS = ("nemo_path", "infer_samples")


@dataclass
class RetrievalLanguageModelConfig(LanguageModelConfig):
    """`language_model` section."""

    sim_score_dropout: float = 0.0
    """Before the layer that makes a number of a pair."""


@dataclass
class RetrievalSectionConfig(TextSectionConfig):
    """A dataset section; keys are the original's. See :mod:`nemo.collections.nlp.data.retrieval` for the files."""

    passages: str | None = None
    queries: str | None = None
    query_to_passages: str | None = None
    num_negatives: int = 10
    """Wrong passages of each query."""
    num_candidates: int | None = None
    """For evaluation, instead of `num_negatives`."""
    max_query_length: int = 31
    """Tokens."""
    max_passage_length: int = 190
    preprocess_fn: str | None = None
    """Not used."""


@dataclass
class RetrievalConfig:
    """`model:` section of a retrieval model; keys are the original's."""

    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    """Where it names none, that of `language_model.pretrained_model_name`."""
    language_model: RetrievalLanguageModelConfig = field(default_factory=RetrievalLanguageModelConfig)
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class _RetrievalModel(NLPModel):
    """Data, training and evaluation of both kinds."""

    makes_pairs = False

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        filled = with_defaults(RetrievalConfig, cfg, also=(*KEYS_OF_USERS, *TRAINING_KEYS))
        name = filled.language_model.get("pretrained_model_name")
        if filled.tokenizer.get("tokenizer_name") in (None, "???") and name:
            filled.tokenizer.tokenizer_name = name
        super().__init__(filled, trainer, no_lm_init=True)
        self.loss = CrossEntropyLoss()

    def _padded_encoder(self) -> BertEncoder:
        """An encoder whose table of tokens is a multiple of 8 long, as the original makes it."""
        encoder = self._build_encoder()
        encoder.resize_token_embeddings(8 * math.ceil(max(encoder.vocab_size, int(self.tokenizer.vocab_size)) / 8))
        return encoder

    def _scores(self, batch: Any) -> Tensor:
        """[B, C] scores of candidates; the right one of row b is :meth:`_right`."""
        raise NotImplementedError

    def _right(self, scores: Tensor) -> Tensor:
        return right_is_first(scores)

    def _scores_of_own(self, batch: Any) -> Tensor:
        """[B, P] scores of the passages of each query."""
        return self._scores(batch)

    def training_step(self, batch: Any, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        scores = self._scores(batch)
        loss = self.loss(logits=scores, labels=self._right(scores))
        rate = self._optimizer.param_groups[0]["lr"] if self._optimizer is not None else 0.0
        return {"loss": loss, "log": {"train_loss": loss, "lr": rate}}

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Sums of a batch: the loss over the passages of each query, and reciprocal ranks."""
        scores = self._scores_of_own(batch)
        right = right_is_first(scores)
        ranks = reciprocal_ranks(scores, right, cutoff=10)
        losses = torch.nn.functional.cross_entropy(scores, right, reduction="sum")
        sums = {"loss": losses, "mrr": ranks.sum(), "first": (ranks == 1).sum(), "queries": torch.tensor(len(scores))}
        self.keep_step_output(sums, dataloader_idx)
        return sums

    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """As :meth:`validation_step`."""
        return self.validation_step(batch, batch_idx, dataloader_idx)

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss, MRR@10 and part of queries whose right passage comes first, over a validation set."""
        return _of_set(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """As :meth:`multi_validation_epoch_end`, over a test set."""
        return _of_set(outputs, "test")

    def _setup_dataloader_from_config(self, config: Any, where: str) -> Any:
        section = filled_section(config, where, RetrievalSectionConfig, "query_to_passages")
        if section is None:
            return None
        if not section.passages or not section.queries:
            raise ConfigError(
                f"{where}.passages is {section.passages!r} and queries {section.queries!r}. Expected two files beside "
                "query_to_passages; set both."
            )
        is_training = where == "model.train_ds"
        negatives = section.num_negatives if section.num_candidates is None else section.num_candidates - 1
        dataset = BertInformationRetrievalDataset(
            self.tokenizer,
            section.passages,
            section.queries,
            section.query_to_passages,
            negatives,
            section.max_query_length,
            section.max_passage_length,
            self.makes_pairs,
            section.num_samples,
            draws=is_training,
        )
        return build_loader(dataset, section, evaluation=not is_training)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class: none."""
        return []


class BertDPRModel(_RetrievalModel):
    """Two encoders, one of queries and one of passages; relevant passages have a large product with their query.

        vectors = model.encode(passages)
        products, numbers = model.retrieve(["who wrote faust"], vectors, k=5)

    Args:
        cfg: a :class:`RetrievalConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: the encoders or the tokenizer cannot be built.
        TextFileError: a file of texts cannot be used.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        super().__init__(cfg, trainer)
        # names fixed by archives
        self.q_encoder = self._padded_encoder()
        self.p_encoder = self._padded_encoder()
        self.hidden_size = self.q_encoder.hidden_size
        self.register_bert_model()

    @property
    def bert_model(self) -> BertEncoder:  # type: ignore[override]
        """The encoder of passages; that of queries has the same sizes."""
        return self.p_encoder

    @property
    def input_module(self) -> Any:
        """The exported file takes what an encoder takes."""
        return self.p_encoder

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Vectors."""
        return {"embeddings": NeuralType(("B", "D"), EncodedRepresentation())}

    def list_export_subnets(self) -> list[str]:
        """A file for queries and one for passages."""
        return ["q_encoder", "p_encoder"]

    def forward(
        self,
        q_input_ids: Tensor,
        q_attention_mask: Tensor,
        q_token_type_ids: Tensor,
        p_input_ids: Tensor,
        p_attention_mask: Tensor,
        p_token_type_ids: Tensor,
    ) -> Tensor:
        """Scores of candidates: the right passages of all queries of the batch, then each query's own wrong ones.

        Args:
            q_input_ids: [B, T] queries; mask and types likewise.
            q_attention_mask: 1 where there is no padding.
            q_token_type_ids: zeros.
            p_input_ids: [B * P, T] passages, those of a query one after the other, the right one first.
            p_attention_mask: 1 where there is no padding.
            p_token_type_ids: zeros.

        Returns:
            [B, B + P - 1] products; the right one of row b is b.
        """
        queries = _vectors(self.q_encoder, q_input_ids, q_attention_mask, q_token_type_ids)
        passages = _vectors(self.p_encoder, p_input_ids, p_attention_mask, p_token_type_ids)
        passages = passages.unflatten(0, (queries.shape[0], -1))  # [B, P, H]
        in_batch = queries @ passages[:, 0].T
        own_wrong = torch.einsum("bh,bph->bp", queries, passages[:, 1:])
        return torch.cat((in_batch, own_wrong), dim=1)

    def encode(self, texts: Sequence[str], batch_size: int = 32, of_queries: bool = False) -> Tensor:
        """Vectors of texts.

        Args:
            texts: passages; what is longer than the encoder takes loses its end.
            batch_size: texts computed together; it does not change results.
            of_queries: the texts are queries.

        Returns:
            [N, H], on the CPU.
        """
        encoder = self.q_encoder if of_queries else self.p_encoder
        return embed_texts(
            texts,
            self.tokenizer,
            lambda ids, mask, types: _vectors(encoder, ids, mask, types),
            self,
            encoder.max_length or 512,
            batch_size,
        )

    def retrieve(
        self, queries: Sequence[str], passages: Tensor | Sequence[str], k: int = 10, batch_size: int = 32
    ) -> tuple[Tensor, Tensor]:
        """The k most relevant passages of each query.

        Args:
            queries: N texts.
            passages: vectors [M, H] of :meth:`encode`, or texts.
            k: passages that are wanted.
            batch_size: texts computed together.

        Returns:
            Products [N, k] and numbers of the passages [N, k], the best first.
        """
        vectors = passages if isinstance(passages, Tensor) else self.encode(passages, batch_size)
        return nearest(self.encode(queries, batch_size, of_queries=True), vectors, k)

    def _scores(self, batch: RetrievalBatch) -> Tensor:
        passages = [tensor.flatten(0, 1) for tensor in batch[3:]]
        return self.forward(*batch[:3], *passages)

    def _right(self, scores: Tensor) -> Tensor:
        return torch.arange(scores.shape[0], device=scores.device)

    def _scores_of_own(self, batch: RetrievalBatch) -> Tensor:
        scores = self._scores(batch)
        return torch.cat((scores.diagonal()[:, None], scores[:, len(scores) :]), dim=1)


class BertJointIRModel(_RetrievalModel):
    """Reads query and passage together and gives a number: slower than :class:`BertDPRModel`, and more exact.

    Args:
        cfg: a :class:`RetrievalConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: the encoder or the tokenizer cannot be built.
        TextFileError: a file of texts cannot be used.
    """

    makes_pairs = True

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        super().__init__(cfg, trainer)
        self.bert_model = self._padded_encoder()
        self.hidden_size = self.bert_model.hidden_size
        self.register_bert_model()
        self.sim_score_regressor = SequenceRegression(  # name fixed by archives
            hidden_size=self.hidden_size, num_layers=1, dropout=self.cfg.language_model.sim_score_dropout
        )

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Pairs, which of their tokens count, and which belong to the passage."""
        return {
            "input_ids": NeuralType(("B", "B", "T"), ChannelType()),
            "attention_mask": NeuralType(("B", "B", "T"), MaskType()),
            "token_type_ids": NeuralType(("B", "B", "T"), ChannelType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities that a passage is the right one."""
        return {"scores": NeuralType(("B", "B"), LogitsType())}

    @property
    def input_module(self) -> Any:
        """The exported file takes pairs of several passages."""
        return self

    def input_example(self, max_batch: int = 2, max_dim: int = 16) -> tuple[Any, ...]:
        """Random pairs, for tracing."""
        (inputs,) = self.bert_model.input_example(2 * max_batch, max_dim)
        return ({name: value.unflatten(0, (max_batch, 2)) for name, value in inputs.items()},)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Pairs [B, P, T], mask and types -> log-probabilities [B, P] that a passage is the right one of the P."""
        shape = input_ids.shape[:2]
        states = self.bert_model(
            input_ids=input_ids.flatten(0, 1),
            attention_mask=attention_mask.flatten(0, 1),
            token_type_ids=token_type_ids.flatten(0, 1),
        )
        scores: Tensor = self.sim_score_regressor(hidden_states=states).view(*shape)
        return scores.log_softmax(dim=-1)

    def rank(self, query: str, passages: Sequence[str], batch_size: int = 32) -> list[tuple[int, float]]:
        """Passages of a query, the best first.

        Args:
            query: the query.
            passages: texts, such as those that a :class:`BertDPRModel` found.
            batch_size: pairs computed together.

        Returns:
            Number of each passage, and its score; differences of scores count.
        """
        if isinstance(passages, str) or not len(passages):
            raise ConfigError(f"passages is {passages!r}. Expected a list of texts, at least one.")
        maker = EncoderInputs(self.tokenizer, self.bert_model.max_length or 512)
        pairs = [maker.of_pair(query, passage) for passage in passages]
        scores: list[float] = []
        with evaluation_mode(self):
            for start in range(0, len(pairs), batch_size):
                ids, types, mask = (each.to(self.device) for each in maker.padded(pairs[start : start + batch_size]))
                states = self.bert_model(input_ids=ids, attention_mask=mask, token_type_ids=types)
                scores += self.sim_score_regressor(hidden_states=states).float().tolist()
        return sorted(enumerate(scores), key=lambda found: (-found[1], found[0]))

    def _scores(self, batch: PairBatch) -> Tensor:
        return self.forward(input_ids=batch[0], attention_mask=batch[1], token_type_ids=batch[2])


def _vectors(encoder: BertEncoder, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
    """[N, T] -> [N, H]: the state of [CLS]."""
    states: Tensor = encoder(input_ids=ids, attention_mask=mask, token_type_ids=types)
    return states[:, 0]


def _of_set(outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
    sums = {name: torch.stack([each[name].float().cpu() for each in outputs]).sum() for name in outputs[0]}
    loss = sums["loss"] / sums["queries"]
    log = {f"{prefix}_loss": loss, f"{prefix}_mrr": sums["mrr"] / sums["queries"]}
    log[f"{prefix}_first"] = sums["first"] / sums["queries"]
    return {f"{prefix}_loss": loss, "log": log}
