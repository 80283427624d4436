"""The frame classifier of CTC models.

encoded [B, H, S] -> 1x1 convolution -> log_probs [B, S, V + 1]
B batch, H channels, S encoder frames, V tokens; blank is the last class.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from omegaconf import MISSING
from torch import Tensor, nn

from nemo.collections.asr.modules.jasper import init_weights
from nemo.collections.common.modules.linear import linear
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AcousticEncodedRepresentation, LogprobsType, NeuralType
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


@dataclass
class ConvASRDecoderConfig:
    """Keys of a ``decoder`` section."""

    _target_: str = "nemo.collections.asr.modules.ConvASRDecoder"
    feat_in: int = MISSING
    num_classes: int = MISSING
    init_mode: str | None = "xavier_uniform"
    vocabulary: list[str] | None = field(default_factory=list)


class ConvASRDecoder(NeuralModule, Exportable):
    """Classifies each frame: log-probabilities of the tokens and, last, of the blank.

    Args:
        feat_in: H, channels of the encoder.
        num_classes: V, tokens without the blank; taken from `vocabulary` when not above 0.
        init_mode: see :func:`~nemo.collections.asr.modules.jasper.init_weights`.
        vocabulary: the tokens.
        add_blank: False leaves the blank out.

    Raises:
        ConfigError: `num_classes` and `vocabulary` contradict each other, or neither is given.
    """

    def __init__(
        self,
        feat_in: int,
        num_classes: int,
        init_mode: str | None = "xavier_uniform",
        vocabulary: Sequence[str] | None = None,
        add_blank: bool = True,
    ) -> None:
        super().__init__()
        tokens = list(vocabulary) if vocabulary is not None else []
        if num_classes <= 0:
            if not tokens:
                raise ConfigError(
                    f"decoder.num_classes is {num_classes} and decoder.vocabulary is empty; give the vocabulary, or "
                    "the number of tokens without the blank."
                )
            num_classes = len(tokens)
            logger.info("decoder.num_classes is taken from the vocabulary: %d", num_classes)
        if tokens and num_classes != len(tokens):
            raise ConfigError(
                f"decoder.num_classes is {num_classes}, but decoder.vocabulary has {len(tokens)} tokens. Set "
                "num_classes to -1 to take the number from the vocabulary."
            )
        self._vocabulary = tokens or None
        self._feat_in = feat_in
        self._num_classes = num_classes + 1 if add_blank else num_classes
        self.temperature = 1.0
        self.decoder_layers = nn.Sequential(nn.Conv1d(feat_in, self._num_classes, kernel_size=1, bias=True))
        self.apply(lambda module: init_weights(module, init_mode))

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Encoded frames."""
        return {"encoder_output": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities."""
        return {"logprobs": NeuralType(("B", "T", "D"), LogprobsType())}

    @typecheck()
    def forward(self, encoder_output: Tensor) -> Tensor:
        """[B, H, S] -> log-probabilities [B, S, V + 1]."""
        layer = cast(nn.Conv1d, self.decoder_layers[0])  # a convolution in archives, a matrix product in fact
        logits = linear(encoder_output.transpose(1, 2), layer.weight[:, :, 0], layer.bias)
        if self.temperature != 1.0:
            logits = logits / self.temperature
        return torch.log_softmax(logits, dim=-1)

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 256) -> tuple[Tensor]:
        """Random encoded frames, for export."""
        return (torch.randn(max_batch or 1, self._feat_in, max_dim or 256, device=next(self.parameters()).device),)

    @property
    def vocabulary(self) -> list[str] | None:
        """The tokens, without the blank."""
        return self._vocabulary

    @property
    def num_classes_with_blank(self) -> int:
        """V + 1."""
        return self._num_classes
