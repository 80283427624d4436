"""Translates with several models that agree on each token, or one; a language model of the target may have a say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nemo.collections.common.transformer.generation.ensemble import EnsembleBeamSearchSequenceGenerator
from nemo.collections.common.transformer.generation.generator import Generated
from nemo.collections.nlp.inference.translator import Timing, Translation, Translator
from nemo.utils.exceptions import ConfigError

if TYPE_CHECKING:
    from nemo.collections.nlp.models.translation import MTEncDecModel


class EnsembleTranslator:
    """Translates lists of sentences.

    Args:
        models: of the same languages and tokenizers, at least one.
        beam_size: translations that go on together; None: that of the first model, as the next two.
        len_pen: exponent of the length penalty.
        max_generation_delta: tokens of a translation beyond those of its source.
        language_model: ``model(tokens, mask)`` -> log-probabilities, over the target's tokens.
        fusion_coef: how much it counts.

    Raises:
        ConfigError: no model, or models with different tokenizers.
    """

    def __init__(
        self,
        models: Sequence[MTEncDecModel],
        beam_size: int | None = None,
        len_pen: float | None = None,
        max_generation_delta: int | None = None,
        language_model: Any = None,
        fusion_coef: float = 0.0,
    ) -> None:
        if not models:
            raise ConfigError("There is no model to translate with. Expected at least one MTEncDecModel.")
        self.models = list(models)
        first = self.models[0]
        self._check_tokenizers()
        self.search = EnsembleBeamSearchSequenceGenerator(
            [model.encoder for model in models],
            [model.decoder.embedding for model in models],
            [model.decoder.decoder for model in models],
            [model.log_softmax for model in models],
            beam_size=first.cfg.beam_size if beam_size is None else beam_size,
            len_pen=first.cfg.len_pen if len_pen is None else len_pen,
            language_model=language_model,
            fusion_coef=fusion_coef,
            pad=int(first.decoder_tokenizer.pad_id),
            bos=int(first.decoder_tokenizer.bos_id),
            eos=int(first.decoder_tokenizer.eos_id),
            max_sequence_length=min(int(model.decoder.max_sequence_length) for model in models),
            max_delta_length=first.cfg.max_generation_delta if max_generation_delta is None else max_generation_delta,
        )

    def translate(
        self, texts: Sequence[str], source_lang: str | None = None, target_lang: str | None = None
    ) -> list[Translation]:
        """Translates sentences; all translations of the beam, the best first.

        Args:
            texts: sentences.
            source_lang: their language; None: that of the models.
            target_lang: what they are translated into; None: that of the models.
        """
        pair = self.models[0].languages(source_lang, target_lang)
        longest = min(int(model.encoder.max_sequence_length) for model in self.models)
        return Translator(self._generate, pair.source, pair.target, longest).run(texts)

    def _generate(self, tokens: Tensor, mask: Tensor, timing: Timing) -> Generated:
        device = self.models[0].device
        with torch.no_grad():
            return self.search.generate(tokens.to(device), mask.to(device))

    def _check_tokenizers(self) -> None:
        sentence = "The quick brown fox jumps over the lazy dog."
        for role in ("encoder_tokenizer", "decoder_tokenizer"):
            found = {tuple(getattr(model, role).text_to_ids(sentence)) for model in self.models}
            if len(found) > 1:
                raise ConfigError(
                    f"The models of an ensemble have different tokenizers ({role}): they cut {sentence!r} in "
                    f"{len(found)} ways. Expected models that were trained with the same tokenizers."
                )
