"""CTC speech recognition over subwords: the model of ctc.py, given a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig

from nemo.collections.asr.decoding.ctc import CTCBPEDecoding
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.ctc import EncDecCTCModel
from nemo.collections.asr.models.output_sizes import check_size
from nemo.collections.asr.models.subword_model import SubwordModel
from nemo.core.classes.pretrained import PretrainedModelInfo


class EncDecCTCModelBPE(SubwordModel, EncDecCTCModel):  # type: ignore[misc]  # change_vocabulary has the original's arguments
    """CTC model over the pieces of a tokenizer, such as Citrinet.

    Args:
        cfg: as for :class:`~nemo.collections.asr.models.ctc.EncDecCTCModel`, with a `tokenizer` section; the decoder's
            `vocabulary` and `num_classes` come from the tokenizer.
        trainer: a Lightning Trainer; may be set later.
    """

    def _decoder_config(self, vocabulary: Sequence[str] | None = None) -> DictConfig:
        pieces = self._built_tokenizer.vocabulary
        if vocabulary is None:  # as the model is made; later its section is that of the tokenizer before
            check_size(self.cfg, "decoder.num_classes", len(pieces))
        return super()._decoder_config(pieces)

    def _make_decoding(self, decoding_config: Any) -> CTCBPEDecoding:
        return CTCBPEDecoding(decoding_config, self.tokenizer, closes_up_punctuation=self.closes_up_punctuation)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published subword models of this family."""
        return published_models("EncDecCTCModelBPE")
