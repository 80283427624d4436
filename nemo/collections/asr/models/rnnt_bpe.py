"""Transducers over subwords: the model of rnnt.py, given a tokenizer."""

from __future__ import annotations

from typing import Any

from nemo.collections.asr.decoding.rnnt import RNNTBPEDecoding
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.rnnt import EncDecRNNTModel
from nemo.collections.asr.models.subword_model import SubwordModel
from nemo.core.classes.pretrained import PretrainedModelInfo


class EncDecRNNTBPEModel(SubwordModel, EncDecRNNTModel):
    """Transducer over the pieces of a tokenizer, such as Conformer-Transducer and Parakeet.

    Args:
        cfg: as for :class:`~nemo.collections.asr.models.rnnt.EncDecRNNTModel`, with a `tokenizer` section in the place
            of `labels`.
        trainer: a Lightning Trainer; may be set later.
    """

    without_tokenizer = "EncDecRNNTModel"

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
        self._exchange_tokenizer(new_tokenizer_dir, new_tokenizer_type)
        self._change_outputs(self._built_tokenizer.vocabulary, decoding_cfg)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published subword models of this family."""
        return published_models("EncDecRNNTBPEModel")
