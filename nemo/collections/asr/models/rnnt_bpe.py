"""Transducers over subwords: the model of rnnt.py, given a tokenizer."""

from __future__ import annotations

from typing import Any

from nemo.collections.asr.decoding.rnnt import RNNTBPEDecoding
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.rnnt import EncDecRNNTModel
from nemo.collections.asr.models.subword_model import SubwordModel
from nemo.core.classes.pretrained import PretrainedModelInfo


class EncDecRNNTBPEModel(SubwordModel, EncDecRNNTModel):  # type: ignore[misc]  # change_vocabulary has the original's arguments
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

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published subword models of this family."""
        return published_models("EncDecRNNTBPEModel")
