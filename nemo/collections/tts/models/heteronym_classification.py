"""Tells which reading a heteronym has in its sentence: BERT, and a classifier at the word's first piece.

sentence -> pieces [N, T] -> encoder -> [N, T, H] -> classifier -> logits [N, T, C] -> the best reading of the word
N heteronyms, T pieces, C readings of all words. Gorman, Mazovetskiy and Nikolaev, "Improving homograph disambiguation
with supervised machine learning", 2018.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from omegaconf import MISSING, DictConfig
from pytorch_lightning import Trainer
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics import Metric
from torchmetrics.classification import MulticlassF1Score, MulticlassPrecision, MulticlassRecall

from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.common.text_encoders.model_parts import build_encoder, build_tokenizer, register_encoder_config
from nemo.collections.tts.data.loader import build_loader
from nemo.collections.tts.g2p.conversion import in_batches, write_predictions
from nemo.collections.tts.g2p.error_rates import phonemes_of
from nemo.collections.tts.g2p.heteronym_dataset import HeteronymBatch, HeteronymClassificationDataset
from nemo.collections.tts.g2p.spelling_pairs import with_manifest
from nemo.collections.tts.g2p.wordids import read_wordid_phonemes, read_wordids
from nemo.collections.tts.models.base import TRAINING
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.pretrained import PretrainedModelInfo, resolve_subclass_pretrained_model_info
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError


@dataclass
class HeteronymHeadConfig:
    """`head` section."""

    num_fc_layers: int = 1
    fc_dropout: float = 0.1
    activation: str = "relu"
    use_transformer_init: bool = True


@dataclass
class HeteronymClassificationConfig:
    """`model` section."""

    wordids: str = MISSING
    """File of :func:`~nemo.collections.tts.g2p.wordids.read_wordids`."""
    language_model: Any = MISSING
    """Section of :func:`~nemo.collections.common.text_encoders.lm.get_lm_model`."""
    tokenizer: Any = MISSING
    """`tokenizer_name`, `vocab_file`, ..."""
    head: HeteronymHeadConfig = field(default_factory=HeteronymHeadConfig)
    class_labels: Any = None
    """`class_labels_file`: the ids of the readings in their order, which the table has, too."""
    max_seq_length: int = 512
    """Pieces of a sentence; of longer ones the part around the word is read."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class HeteronymClassificationModel(ModelPT, Exportable):
    """Chooses among the readings that a table gives for a word.

        model = HeteronymClassificationModel.restore_from("heteronyms.nemo")
        word_ids, sentences = model.disambiguate(["I read it yesterday."], wordid_to_phonemes_file="wordids_ipa.tsv")

    Args:
        cfg: a :class:`HeteronymClassificationConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        TextFileError: the table of word ids has a broken line.
        ConfigError: a section is missing, the encoder cannot be built, or has fewer positions than `max_seq_length`.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("wordids", "language_model", "tokenizer")
        super().__init__(
            with_defaults(HeteronymClassificationConfig, cfg, also=TRAINING_KEYS, mandatory=parts), trainer
        )
        labels = self.cfg.class_labels
        if labels is not None and labels.get("class_labels_file"):
            self.register_artifact("class_labels.class_labels_file", labels.class_labels_file)
        self.tokenizer  # noqa: B018 - built now, if no loader has asked for it yet, so that its files are registered
        self.bert_model = build_encoder(self)
        register_encoder_config(self, self.bert_model)
        longest = self.bert_model.max_length
        if longest is not None and self.cfg.max_seq_length > longest:
            raise ConfigError(
                f"model.max_seq_length is {self.cfg.max_seq_length}, but the encoder {self.bert_model.name} has "
                f"{longest} positions. Set it to {longest} at most."
            )
        head, count = self.cfg.head, len(self.wordid_to_idx)
        self.classifier = TokenClassifier(
            hidden_size=self.bert_model.hidden_size,
            num_classes=count,
            num_layers=head.num_fc_layers,
            activation=head.activation,
            log_softmax=False,
            dropout=head.fc_dropout,
            use_transformer_init=head.use_transformer_init,
        )
        self.scores = torch.nn.ModuleDict(
            {"precision": MulticlassPrecision(count), "recall": MulticlassRecall(count), "f1": MulticlassF1Score(count)}
        )

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of the encoder; built on first use, because the base class needs it for its loaders."""
        return build_tokenizer(self, self.cfg.tokenizer)

    @functools.cached_property
    def _table(self) -> tuple[dict[str, list[str]], dict[str, int]]:
        return read_wordids(str(self.register_artifact("wordids", self.cfg.wordids)))

    @property
    def heteronyms(self) -> dict[str, list[str]]:
        """Word in small letters -> the ids of its readings."""
        return self._table[0]

    @property
    def supported_heteronyms(self) -> list[str]:
        """The words."""
        return list(self.heteronyms)

    @property
    def wordid_to_idx(self) -> dict[str, int]:
        """Id of a reading -> its number, the class."""
        return self._table[1]

    # ------------------------------------------------------------------------------------------------------------- use

    def disambiguate(
        self,
        sentences: Sequence[str],
        batch_size: int = 4,
        num_workers: int = 0,
        wordid_to_phonemes_file: str | None = None,
    ) -> tuple[list[list[str]], list[str]]:
        """The readings of the heteronyms of sentences.

        Args:
            sentences: texts.
            batch_size: heteronyms computed together.
            num_workers: processes that read.
            wordid_to_phonemes_file: a word id and its phonemes on each line.

        Returns:
            For each sentence the word ids of its heteronyms, in the order of the text; and the sentences, in which each
            heteronym whose phonemes the file has is replaced by them, between bars, as tokenizers read them.

        Raises:
            ManifestError: an empty sentence.
            TextFileError: the file of phonemes is missing, or has a broken line.
        """
        phonemes = read_wordid_phonemes(wordid_to_phonemes_file) if wordid_to_phonemes_file is not None else {}
        items = [{"text_graphemes": sentence} for sentence in sentences]
        dataset, wordids = self._readings(items, "text_graphemes", batch_size, num_workers)
        written = []
        for sentence, spans, chosen in zip(sentences, dataset.spans, wordids, strict=True):
            for (start, end), wordid in reversed(list(zip(spans, chosen, strict=True))):
                if wordid in phonemes:
                    sentence = f"{sentence[:start]}|{' '.join(phonemes_of(phonemes[wordid]))}|{sentence[end:]}"
            written.append(sentence)
        return wordids, written

    def disambiguate_manifest(
        self,
        manifest: str,
        output_manifest: str | None = None,
        grapheme_field: str = "text_graphemes",
        batch_size: int = 4,
        num_workers: int = 0,
        pred_field: str = "pred_wordid",
    ) -> list[list[str]]:
        """The word ids of the heteronyms of each line of a manifest, of those that `start_end` names if it does.

        Args:
            manifest: JSON lines with sentences.
            output_manifest: the same lines, with the word ids; None: nothing is written.
            grapheme_field: key of the sentence.
            batch_size: heteronyms computed together.
            num_workers: processes that read.
            pred_field: key of the word ids.

        Raises:
            ManifestError: a line lacks its sentence, or its `start_end` holds no heteronym.
        """
        _, wordids = self._readings(manifest, grapheme_field, batch_size, num_workers)
        if output_manifest is not None:
            write_predictions(manifest, output_manifest, wordids, pred_field)
        return wordids

    def _readings(
        self, manifest: Any, grapheme_field: str, batch_size: int, num_workers: int
    ) -> tuple[HeteronymClassificationDataset, list[list[str]]]:
        """The dataset, and the word ids of each of its lines."""
        dataset = HeteronymClassificationDataset(
            manifest, with_labels=False, grapheme_field=grapheme_field, **self._of_dataset()
        )
        names = list(self.wordid_to_idx)
        chosen = iter(in_batches(self, dataset, lambda batch: self._best(batch)[1].tolist(), batch_size, num_workers))
        return dataset, [[names[next(chosen)] for _ in spans] for spans in dataset.spans]

    # --------------------------------------------------------------------------------------------------------- network

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """Pieces [N, T], their mask and segments -> logits [N, T, C]."""
        states = self.bert_model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        logits: Tensor = self.classifier(hidden_states=states)
        return logits

    @property
    def input_module(self) -> Any:
        """The encoder: its inputs are those of an exported file."""
        return self.bert_model

    @property
    def output_module(self) -> Any:
        """The classifier: its logits [N, T, C] are what an exported file gives."""
        return self.classifier

    def input_example(self, max_batch: int = 2, max_dim: int = 32) -> tuple[Any, ...]:
        """Random pieces, for export."""
        example: tuple[Any, ...] = self.bert_model.input_example(max_batch, max_dim)
        return example

    def _best(self, batch: HeteronymBatch) -> tuple[Tensor, Tensor]:
        """Logits [N, C] of each word, and the best [N] of the readings that it has."""
        input_ids, mask, positions, candidates = (part.to(self.device) for part in batch[:4])
        rows = torch.arange(len(positions), device=self.device)
        logits = self(input_ids=input_ids, attention_mask=mask)[rows, positions]
        return logits, logits.masked_fill(~candidates, -torch.inf).argmax(dim=-1)

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: HeteronymBatch, batch_idx: int) -> Tensor:
        """Loss of a batch, over all readings of all words; logs it."""
        assert batch.targets is not None
        loss = cross_entropy(self._best(batch)[0], batch.targets)
        self.log("train_loss", loss.detach(), prog_bar=True)
        return loss

    def validation_step(self, batch: HeteronymBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss; precision, recall and F1 over the readings that occur, each counting alike."""
        assert batch.targets is not None
        logits, best = self._best(batch)
        loss = cross_entropy(logits, batch.targets)
        kind = "test" if self.testing else "val"
        self.log(f"{kind}_loss", loss, on_epoch=True, sync_dist=True, batch_size=len(best))
        for name, metric in self.scores.items():
            assert isinstance(metric, Metric)
            metric.update(best, batch.targets)
            self.log(f"{kind}_{name}", metric, on_epoch=True, batch_size=len(best))
        return {"val_loss": loss}

    def test_step(self, batch: HeteronymBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """As :meth:`validation_step`; what is logged starts with `test_`."""
        return self.validation_step(batch, batch_idx, dataloader_idx)

    def _of_dataset(self) -> dict[str, Any]:
        return {
            "tokenizer": self.tokenizer,
            "wordid_to_idx": self.wordid_to_idx,
            "heteronyms": self.heteronyms,
            "max_seq_len": self.cfg.max_seq_length,
        }

    def _setup_dataloader_from_config(self, config: DictConfig, where: str) -> Any:
        section = with_manifest(config, "manifest")
        if section is None:
            return None
        return build_loader(section, where, shuffle=where == TRAINING, **self._of_dataset())

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this kind."""
        return resolve_subclass_pretrained_model_info(cls)
