"""Spelling to phonemes by T5, which reads and writes bytes or pieces (Raffel et al., 2020; Xue et al., 2022).

spelling -> ids [B, S] -> encoder, decoder -> ids [B, U] -> phonemes
B batch, S tokens of the spellings, U of the phonemes. https://arxiv.org/abs/1910.10683, https://arxiv.org/abs/2105.13626
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING, open_dict
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.tokenizers.sentencepiece_tokenizer import SentencePieceTokenizer
from nemo.collections.tts.g2p.byte_tokenizer import ByteTokenizer
from nemo.collections.tts.g2p.error_rates import PronunciationErrors
from nemo.collections.tts.g2p.t5_dataset import IGNORED, T5G2PDataset, TokenPairBatch
from nemo.collections.tts.g2p.t5_network import build_t5, sizes_of
from nemo.collections.tts.models.spelling_model import SpellingModel
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError


@dataclass
class T5G2PConfig:
    """`model` section."""

    model_name: str = MISSING
    """A T5 on the Hub, or a folder: google/byt5-small."""
    config: Any = None
    """Its sizes, keys of transformers: it starts from random weights, and nothing is downloaded."""
    tokenizer: Any = None
    """null: bytes, as ByT5 reads them; `model_path`: the SentencePiece model of another T5."""
    max_source_len: int = 512
    max_target_len: int = 512
    do_lower: bool = False
    """Spellings are read in small letters."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class T5G2PModel(SpellingModel):
    """Writes the phonemes of a spelling, a word's or a sentence's, token by token.

        model = T5G2PModel.restore_from("g2p.nemo")
        model.convert_graphemes_to_phonemes("words.json", "phonemes.json")

    The sizes of the network become part of `model.cfg`, so that the archive needs no Hub.

    Args:
        cfg: a :class:`T5G2PConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: there is no such network, its tokenizer is not known, or both do not fit.
        MissingDependencyError: transformers is not installed.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        super().__init__(with_defaults(T5G2PConfig, cfg, also=TRAINING_KEYS, mandatory=("model_name",)), trainer)
        self.model = build_t5(self.cfg.model_name, self.cfg.config)
        with open_dict(self.cfg):
            self.cfg.config = sizes_of(self.model)
        if self.tokenizer.vocab_size > self.model.config.vocab_size:
            raise ConfigError(
                f"model.config.vocab_size is {self.model.config.vocab_size}, but the tokenizer has "
                f"{self.tokenizer.vocab_size} tokens. Set it to that number at least, or name another tokenizer."
            )
        self.errors = PronunciationErrors()

    @functools.cached_property
    def tokenizer(self) -> Any:
        """Text to ids; built on first use, because the base class already needs it for its loaders."""
        section = self.cfg.tokenizer
        if section is not None and section.get("model_path") is not None:
            return SentencePieceTokenizer(str(self.register_artifact("tokenizer.model_path", section.model_path)))
        if "byt5" not in self.cfg.model_name.lower():
            raise ConfigError(
                f"model.model_name is {self.cfg.model_name!r}, whose tokenizer is not known. Expected a ByT5, such as "
                "google/byt5-small, which reads bytes; or set model.tokenizer.model_path to its spiece.model."
            )
        return ByteTokenizer()

    # ------------------------------------------------------------------------------------------------------------- use

    def _spellings(self, manifest_filepath: str, grapheme_field: str) -> T5G2PDataset:
        return T5G2PDataset(manifest_filepath, **self._of_dataset(), grapheme_field=grapheme_field, with_labels=False)

    def _pronunciations(self, batch: TokenPairBatch) -> list[str]:
        ids = self.model.generate(
            input_ids=batch.input_ids.to(self.device),
            attention_mask=batch.attention_mask.to(self.device),
            max_length=self.cfg.max_target_len,
            num_beams=1,
            do_sample=False,
        )
        return self._texts(ids)

    def _texts(self, ids: Tensor) -> list[str]:
        """The text of each row of ids [B, U], up to its end; the first token of a generated row is padding."""
        special = (self.tokenizer.pad_id, self.tokenizer.eos_id, IGNORED)
        return [self.tokenizer.ids_to_text([each for each in row if each not in special]) for row in ids.tolist()]

    # -------------------------------------------------------------------------------------------------------- training

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> Tensor:
        """The loss: mean cross entropy of the tokens of the phonemes.

        Args:
            input_ids: [B, S] spellings.
            attention_mask: [B, S], 1 for tokens, 0 for padding.
            labels: [B, U] phonemes, -100 for padding.
        """
        loss: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask, labels=labels).loss
        return loss

    def training_step(self, batch: TokenPairBatch, batch_idx: int) -> Tensor:
        """Loss of a batch; logs it."""
        loss = self(*batch)
        self.log("train_loss", loss.detach(), prog_bar=True)
        return loss

    def validation_step(self, batch: TokenPairBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss, and the rates of wrong phonemes and words."""
        loss = self(*batch)
        assert batch.labels is not None
        self.errors.update(self._pronunciations(batch), self._texts(batch.labels))
        self.errors.log_for(self, loss, len(batch.labels))
        return {"val_loss": loss}

    def _of_dataset(self) -> dict[str, Any]:
        keys = ("do_lower", "max_source_len", "max_target_len")
        return {"tokenizer": self.tokenizer, **{key: self.cfg[key] for key in keys}}
