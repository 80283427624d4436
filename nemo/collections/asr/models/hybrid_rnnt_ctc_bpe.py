"""Hybrids over subwords: the model of hybrid_rnnt_ctc.py, given a tokenizer."""

from __future__ import annotations

from typing import Any

from nemo.collections.asr.decoding.ctc import CTCBPEDecoding
from nemo.collections.asr.decoding.rnnt import RNNTBPEDecoding
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.hybrid_rnnt_ctc import EncDecHybridRNNTCTCModel
from nemo.collections.asr.models.subword_model import SubwordModel
from nemo.core.classes.pretrained import PretrainedModelInfo


class EncDecHybridRNNTCTCBPEModel(SubwordModel, EncDecHybridRNNTCTCModel):
    """Hybrid over the pieces of a tokenizer, such as FastConformer hybrids and Parakeet TDT-CTC.

    Args:
        cfg: as for :class:`~nemo.collections.asr.models.hybrid_rnnt_ctc.EncDecHybridRNNTCTCModel`, with a `tokenizer`
            section in the place of `labels`.
        trainer: a Lightning Trainer; may be set later.
    """

    without_tokenizer = "EncDecHybridRNNTCTCModel"

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

    def _make_ctc_decoding(self, decoding_config: Any) -> CTCBPEDecoding:
        return CTCBPEDecoding(decoding_config, self.tokenizer, closes_up_punctuation=self.closes_up_punctuation)

    def change_vocabulary(  # type: ignore[override]  # the original's arguments
        self,
        new_tokenizer_dir: Any,
        new_tokenizer_type: str,
        decoding_cfg: Any = None,
        ctc_decoding_cfg: Any = None,
    ) -> None:
        """Gives the model another tokenizer, with new prediction and joint networks and CTC decoder, untrained.

        Args:
            new_tokenizer_dir: folder of the tokenizer's files, or a whole `tokenizer` section.
            new_tokenizer_type: bpe, wpe, or agg for a section with `langs`.
            decoding_cfg: a `decoding` section; None keeps the present one.
            ctc_decoding_cfg: that of CTC; None keeps the present one.

        Raises:
            ConfigError, FileNotFoundError: the folder does not hold such a tokenizer; the model is then as it was.
        """
        self._exchange_tokenizer(new_tokenizer_dir, new_tokenizer_type)
        self._take_ctc_section(ctc_decoding_cfg)
        self._change_outputs(self._built_tokenizer.vocabulary, decoding_cfg)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published subword models of this family."""
        return published_models("EncDecHybridRNNTCTCBPEModel")
