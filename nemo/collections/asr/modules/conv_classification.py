"""Classifies whole utterances: spoken commands, voice activity, language."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from omegaconf import MISSING
from torch import Tensor, nn

from nemo.collections.asr.modules.jasper import init_weights
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AcousticEncodedRepresentation, LogitsType, LogprobsType, NeuralType
from nemo.utils.exceptions import ConfigError


@dataclass
class ConvASRDecoderClassificationConfig:
    """Keys of a ``decoder`` section."""

    _target_: str = "nemo.collections.asr.modules.ConvASRDecoderClassification"
    feat_in: int = MISSING
    num_classes: int = MISSING
    init_mode: str | None = "xavier_uniform"
    return_logits: bool = True
    pooling_type: str = "avg"


class ConvASRDecoderClassification(NeuralModule, Exportable):
    """Pools an utterance over time and classifies it.

    Args:
        feat_in: H, channels of the encoder.
        num_classes: V.
        init_mode: see :func:`~nemo.collections.asr.modules.jasper.init_weights`.
        return_logits: logits; else probabilities.
        pooling_type: avg or max, over all frames of the batch, padding included, as the original does.
    """

    def __init__(
        self,
        feat_in: int,
        num_classes: int,
        init_mode: str | None = "xavier_uniform",
        return_logits: bool = True,
        pooling_type: str = "avg",
    ) -> None:
        super().__init__()
        if pooling_type not in ("avg", "max"):
            raise ConfigError(f"decoder.pooling_type is {pooling_type!r}; expected 'avg' or 'max'.")
        self._feat_in = feat_in
        self._num_classes = num_classes
        self._return_logits = return_logits
        self.pooling = nn.AdaptiveAvgPool1d(1) if pooling_type == "avg" else nn.AdaptiveMaxPool1d(1)
        self.decoder_layers = nn.Sequential(nn.Linear(feat_in, num_classes, bias=True))
        self.apply(lambda module: init_weights(module, init_mode))

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Encoded frames."""
        return {"encoder_output": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits, or probabilities under the original's type for them."""
        return {"logits": NeuralType(("B", "D"), LogitsType() if self._return_logits else LogprobsType())}

    @typecheck()
    def forward(self, encoder_output: Tensor) -> Tensor:
        """[B, H, S] -> [B, V]."""
        logits: Tensor = self.decoder_layers(self.pooling(encoder_output).squeeze(2))
        return logits if self._return_logits else torch.softmax(logits, dim=-1)

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 256) -> tuple[Tensor]:
        """Random encoded frames, for export."""
        return (torch.randn(max_batch or 1, self._feat_in, max_dim or 256, device=next(self.parameters()).device),)

    @property
    def num_classes(self) -> int:
        """V."""
        return self._num_classes
