"""CTC losses of an encoder's inner layers (Lee & Watanabe, 2021, https://arxiv.org/abs/2102.03216).

The decoder of the last layer classifies the frames of inner layers as well; training lessens a weighted mean of the
losses.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from nemo.collections.asr.metrics.batch_error_rate import batch_error_rate
from nemo.collections.asr.modules.conformer_encoder import ConformerEncoder
from nemo.collections.asr.modules.conv_encoder import ConvASREncoder
from nemo.collections.asr.modules.layer_outputs import LayerOutputs, capture_layers
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError


@dataclass
class InterCTCConfig:
    """`interctc` section of a model; empty lists: no such losses."""

    loss_weights: list[float] = field(default_factory=list)
    """Of each inner loss; the last layer's has what is left of 1."""
    apply_at_layers: list[int] = field(default_factory=list)
    """Numbers of the layers, from 0."""


class InterCTC:
    """The losses of inner layers of a model; it does nothing where the section names none.

    Args:
        config: an :class:`InterCTCConfig`, DictConfig or dict; None: no such losses.
        model: has an `encoder`.
        decoder: attribute of the model that gives log-probabilities.
        loss: its CTC loss.
        wer: its error rate.

    Raises:
        ConfigError: the two lists do not fit each other or the encoder.
    """

    def __init__(self, config: Any, model: Any, decoder: str = "decoder", loss: str = "loss", wer: str = "wer") -> None:
        filled = with_defaults(InterCTCConfig, config, "model.interctc")
        self.layers, self.weights = list(filled.apply_at_layers), list(filled.loss_weights)
        self._model = model
        self._decoder, self._loss, self._wer = decoder, loss, wer
        self._outputs: LayerOutputs = {}
        if len(self.layers) != len(self.weights) or len(set(self.layers)) != len(self.layers):
            raise ConfigError(
                f"model.interctc has apply_at_layers {self.layers} and loss_weights {self.weights}. Expected different "
                "layers, and one weight for each; mend the lists."
            )
        if any(weight < 0 for weight in self.weights) or sum(self.weights) > 1:
            raise ConfigError(
                f"model.interctc.loss_weights is {self.weights}. Expected numbers from 0 whose sum is at most 1: what "
                "is left is the weight of the last layer."
            )
        count = _layers_of(model.encoder) if self.layers else 0
        if any(not 0 <= layer < count for layer in self.layers):
            raise ConfigError(
                f"model.interctc.apply_at_layers is {self.layers}, and the encoder has {count} layers. Expected "
                f"numbers from 0 to {count - 1}; mend the list."
            )

    def __bool__(self) -> bool:
        return bool(self.layers)

    @contextlib.contextmanager
    def capture(self) -> Iterator[None]:
        """Run the model's forward pass inside of this, and then call :meth:`add_losses`."""
        if not self:
            yield
            return
        with capture_layers(self._model, self._model.encoder, self.layers) as outputs:
            yield
        self._outputs = outputs

    def add_losses(
        self, loss: Tensor, batch: Sequence[Tensor], errors: bool = False
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Combines the loss of the last layer with those of inner ones, captured in the last forward pass.

        Args:
            loss: of the last layer.
            batch: tokens [B, U] and their numbers [B] are its third and fourth.
            errors: also count the errors of inner layers, which decodes each.

        Returns:
            The loss, and values to log: `final_loss`, `inter_ctc_loss_l<i>`; with `errors` also `inter_wer_num_l<i>`
            and `inter_wer_denom_l<i>`. Nothing where there are no inner losses.
        """
        if not self:
            return loss, {}
        values = {"final_loss": loss.detach()}
        total = loss * (1 - sum(self.weights))
        for layer, weight in zip(self.layers, self.weights, strict=True):
            output, lengths = self._outputs.pop(layer)
            log_probs = getattr(self._model, self._decoder)(encoder_output=output)
            inner = getattr(self._model, self._loss)(
                log_probs=log_probs, targets=batch[2], input_lengths=lengths, target_lengths=batch[3]
            )
            values[f"inter_ctc_loss_l{layer}"] = inner.detach()
            total = total + weight * inner
            if errors:
                _, count, words = batch_error_rate(getattr(self._model, self._wer), log_probs, lengths, batch)
                values[f"inter_wer_num_l{layer}"], values[f"inter_wer_denom_l{layer}"] = count, words
        return total, values


def _layers_of(encoder: Any) -> int:
    if isinstance(encoder, ConformerEncoder):
        return len(encoder.layers)
    if isinstance(encoder, ConvASREncoder):
        return len(encoder.encoder)
    raise ConfigError(
        f"model.interctc names layers of a {type(encoder).__name__}, which does not give their outputs. Use a "
        "Conformer or a convolutional encoder, or set interctc to null."
    )
