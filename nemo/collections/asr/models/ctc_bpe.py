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


class EncDecCTCModelBPE(SubwordModel, EncDecCTCModel):
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

    def change_vocabulary(  # type: ignore[override]  # the original's arguments
        self, new_tokenizer_dir: Any, new_tokenizer_type: str, decoding_cfg: Any = None
    ) -> None:
        """Gives the model another tokenizer, and a new decoder, untrained, with all that belongs to it.

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
        return published_models("EncDecCTCModelBPE")
