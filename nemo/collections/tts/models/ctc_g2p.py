"""Spelling to phonemes without a dictionary: an encoder of letters, learnt with CTC.

graphemes -> ids [B, U] -> embedding [B, D, U] -> encoder [B, H, U'] -> decoder -> log_probs [B, U', V + 1]
B batch, U graphemes, V phoneme tokens; the blank is the last class.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import string
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import MISSING, DictConfig, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor, nn
from torch.nn.functional import ctc_loss

from nemo.collections.common.text_encoders.model_parts import folder_of_process
from nemo.collections.common.tokenizers.from_config import BuiltTokenizer, build_tokenizer
from nemo.collections.tts.g2p.ctc_dataset import CTCG2PBPEDataset, GraphemeBatch
from nemo.collections.tts.g2p.error_rates import PronunciationErrors
from nemo.collections.tts.models.spelling_model import SpellingModel
from nemo.core.classes.serialization import instantiate
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

logger = logging.getLogger(__name__)

CHAR_TOKENIZER = "nemo.collections.common.tokenizers.char_tokenizer.CharTokenizer"
_KEYS_OF_USERS = ("labels", "vocabulary", "language", "sample_rate")


@dataclass
class CTCG2PModelConfig:
    """`model` section."""

    model_name: str = "conformer_bpe"
    """What reads the letters; only this one."""
    tokenizer_grapheme: Any = MISSING
    """`dataset` (a :class:`~nemo.collections.common.tokenizers.char_tokenizer.CharTokenizer`), `unk_token`, `do_lower`,
    `add_punctuation`, `vocab_file`; without the file the letters are English."""
    tokenizer: Any = MISSING
    """The pieces of phonemes: dir, type."""
    embedding: Any = MISSING
    """`d_model`: D."""
    encoder: Any = MISSING
    decoder: Any = MISSING
    max_source_len: int = 512
    max_target_len: int = 512
    do_lower: bool = True
    ctc_reduction: str = "mean_batch"
    """How losses are combined: mean_batch (each counts alike), or mean or sum of `torch.nn.functional.ctc_loss`."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class CTCG2PModel(SpellingModel):
    """Letters to phonemes with CTC; there must be at least as many letters as phoneme tokens.

    Args:
        cfg: a :class:`CTCG2PModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
        NotYetSupportedError: `model_name` is byt5.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("tokenizer_grapheme", "tokenizer", "embedding", "encoder", "decoder")
        cfg = with_defaults(CTCG2PModelConfig, cfg, also=(*_KEYS_OF_USERS, *TRAINING_KEYS), mandatory=parts)
        if "byt5" in str(cfg.model_name).lower():
            raise NotYetSupportedError("model.model_name is byt5, which this release does not have; use conformer_bpe.")
        super().__init__(cfg, trainer)
        cfg = self.cfg
        if cfg.ctc_reduction not in ("mean_batch", "mean", "sum"):
            raise ConfigError(f"model.ctc_reduction is {cfg.ctc_reduction!r}; expected mean_batch, mean or sum.")
        self.embedding = nn.Embedding(self.tokenizer_grapheme.vocab_size, cfg.embedding.d_model)
        self.encoder = self.from_config_dict(cfg.encoder)
        vocabulary = self._phonemes.vocabulary
        given = OmegaConf.to_container(cfg.decoder, resolve=True)
        assert isinstance(given, dict)
        given |= {"feat_in": self.encoder.d_model, "num_classes": len(vocabulary), "vocabulary": vocabulary}
        self.decoder = self.from_config_dict(given)
        self.blank = len(vocabulary)
        self.errors = PronunciationErrors()

    # ------------------------------------------------------------------------------------------------------ tokenizers

    @functools.cached_property
    def tokenizer_grapheme(self) -> Any:
        """The tokenizer of letters; built on first use, because the base class already needs it for its loaders."""
        section = self.cfg.tokenizer_grapheme
        file = self.register_artifact("tokenizer_grapheme.vocab_file", section.get("vocab_file") or _letters(section))
        dataset: Any = OmegaConf.to_container(section.get("dataset") or DictConfig({"_target_": CHAR_TOKENIZER}))
        unknown: Any = {"unk_token": section.unk_token} if section.get("unk_token") else {}
        return instantiate(DictConfig({**unknown, **dataset, "vocab_file": file}), "model.tokenizer_grapheme.dataset")

    @functools.cached_property
    def _phonemes(self) -> BuiltTokenizer:
        return build_tokenizer(self.cfg.tokenizer, self.register_artifact)

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of phonemes."""
        return self._phonemes.tokenizer

    # ------------------------------------------------------------------------------------------------------------- use

    def _spellings(self, manifest_filepath: str, grapheme_field: str) -> CTCG2PBPEDataset:
        of_dataset = self._of_dataset()
        return CTCG2PBPEDataset(manifest_filepath, **of_dataset, grapheme_field=grapheme_field, with_labels=False)

    def _pronunciations(self, batch: GraphemeBatch) -> list[str]:
        _, predictions, lengths = self(*(part.to(self.device) for part in batch[:3]))
        return self.ctc_text(predictions, lengths)

    def ctc_text(self, predictions: Tensor, lengths: Tensor) -> list[str]:
        """The phonemes of the best class [B, U'] of each frame: repeats are joined, blanks left out."""
        texts = []
        for row, length in zip(predictions.cpu(), lengths.tolist(), strict=True):
            tokens = torch.unique_consecutive(row[: int(length)])
            texts.append(str(self.tokenizer.ids_to_text([int(token) for token in tokens if token != self.blank])))
        return texts

    # --------------------------------------------------------------------------------------------------------- network

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None, input_len: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Probabilities of phonemes.

        Args:
            input_ids: [B, U] graphemes.
            attention_mask: not used; the lengths say it.
            input_len: [B].

        Returns:
            Log-probabilities [B, U', V + 1], the best class [B, U'], frames [B].
        """
        embedded = self.embedding(input_ids).transpose(1, 2)  # [B, U, D] -> [B, D, U]
        encoded, encoded_len = self.encoder(audio_signal=embedded, length=input_len)
        log_probs = self.decoder(encoder_output=encoded)
        return log_probs, log_probs.argmax(dim=-1), encoded_len

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: GraphemeBatch, batch_idx: int) -> Tensor:
        """Loss of a batch; logs it."""
        loss = self._loss(batch)[0]
        self.log("train_loss", loss.detach(), prog_bar=True)
        return loss

    def validation_step(self, batch: GraphemeBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss, and the rates of wrong phonemes and words."""
        loss, predictions, lengths = self._loss(batch)
        assert batch.targets is not None
        assert batch.target_lengths is not None
        rows = zip(batch.targets.tolist(), batch.target_lengths.tolist(), strict=True)
        wanted = [str(self.tokenizer.ids_to_text(row[:length])) for row, length in rows]
        self.errors.update(self.ctc_text(predictions, lengths), wanted)
        self.errors.log_for(self, loss, len(wanted))
        return {"val_loss": loss}

    def _loss(self, batch: GraphemeBatch) -> tuple[Tensor, Tensor, Tensor]:
        assert batch.targets is not None
        assert batch.target_lengths is not None
        log_probs, predictions, lengths = self(batch.input_ids, batch.attention_mask, batch.input_len)
        reduction = "none" if self.cfg.ctc_reduction == "mean_batch" else self.cfg.ctc_reduction
        loss = ctc_loss(
            log_probs.transpose(0, 1),  # [B, U', V + 1] -> [U', B, V + 1]
            batch.targets,
            lengths.cpu().long(),
            batch.target_lengths,
            blank=self.blank,
            reduction=reduction,
            zero_infinity=True,
        )
        return loss.mean(), predictions, lengths

    def _of_dataset(self) -> dict[str, Any]:
        tokenizers = {"tokenizer_graphemes": self.tokenizer_grapheme, "tokenizer_phonemes": self.tokenizer}
        return {**tokenizers, **{key: self.cfg[key] for key in ("do_lower", "max_source_len", "max_target_len")}}


def _letters(section: DictConfig) -> str:
    """A file with English letters and marks, in the order that the original gives them."""
    letters = string.ascii_lowercase + (section.get("unk_token") or "") + " '"
    if not section.get("do_lower", True):
        letters += string.ascii_uppercase
    if section.get("add_punctuation", True):
        letters += "".join(mark for mark in string.punctuation if mark not in "\"\\'")
    path = folder_of_process() / f"{hashlib.sha256(letters.encode()).hexdigest()[:16]}.txt"
    with atomic_write(path) as part:
        part.write_text("".join(f"{letter!r}\n" for letter in [*letters, '"']), encoding="utf-8")
    return str(path)
