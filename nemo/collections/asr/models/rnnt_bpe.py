"""Transducers over subwords: the model of rnnt.py, given a tokenizer."""

from __future__ import annotations

import functools
from typing import Any

from omegaconf import DictConfig

from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.collections.asr.decoding.rnnt import RNNTBPEDecoding
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.model_tokenizer import (
    build_model_tokenizer,
    exchange_tokenizer,
    save_model_tokenizers,
)
from nemo.collections.asr.models.rnnt import EncDecRNNTModel
from nemo.collections.common.tokenizers.from_config import BuiltTokenizer
from nemo.core.classes.pretrained import PretrainedModelInfo


class EncDecRNNTBPEModel(EncDecRNNTModel):
    """Transducer over the pieces of a tokenizer, such as Conformer-Transducer and Parakeet.

    Args:
        cfg: as for :class:`~nemo.collections.asr.models.rnnt.EncDecRNNTModel`, with a `tokenizer` section in the place
            of `labels`.
        trainer: a Lightning Trainer; may be set later.
    """

    @functools.cached_property
    def _built_tokenizer(self) -> BuiltTokenizer:
        """Built on first use, because the base class already needs it for its loaders."""
        return build_model_tokenizer(self, instead="EncDecRNNTModel")

    @property
    def tokenizer(self) -> Any:
        """The tokenizer: a ``TokenizerSpec``."""
        return self._built_tokenizer.tokenizer

    def _vocabulary(self) -> list[str]:
        return list(self._built_tokenizer.vocabulary)

    def _make_decoding(self, decoding_config: Any) -> RNNTBPEDecoding:
        return RNNTBPEDecoding(
            decoding_config,
            self.decoder,
            self.joint,
            self.tokenizer,
            closes_up_punctuation=self.closes_up_punctuation,
            nemo_version=self.cfg.nemo_version,
        )

    def change_vocabulary(  # type: ignore[override]  # the original's arguments
        self, new_tokenizer_dir: Any, new_tokenizer_type: str, decoding_cfg: Any = None
    ) -> None:
        """Gives the model another tokenizer, with new prediction and joint networks, untrained.

        Args:
            new_tokenizer_dir: folder of the tokenizer's files, or a whole `tokenizer` section.
            new_tokenizer_type: bpe, wpe, or agg for a section with `langs`.
            decoding_cfg: a `decoding` section; None keeps the present one.

        Raises:
            ConfigError, FileNotFoundError: the folder does not hold such a tokenizer; the model is then as it was.
        """
        self._built_tokenizer = exchange_tokenizer(self, new_tokenizer_dir, new_tokenizer_type)
        self._change_outputs(self._built_tokenizer.vocabulary, decoding_cfg)

    def save_tokenizers(self, directory: str) -> None:
        """Writes the files of the tokenizer to a folder, those of several languages to a folder of it for each."""
        save_model_tokenizers(self, directory)

    def _build_loader(self, section: DictConfig, where: str) -> Any:
        evaluation = where != "model.train_ds"
        return build_audio_to_text_loader(section, tokenizer=self.tokenizer, where=where, evaluation=evaluation)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published subword models of this family."""
        return published_models("EncDecRNNTBPEModel")
