"""The frame classifier of CTC models with LSTM layers before it.

encoded [B, H, S] -> LSTM -> linear -> log_probs [B, S, V + 1]
B batch, H channels, S encoder frames, V tokens; blank is the last class.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AcousticEncodedRepresentation, LogprobsType, NeuralType
from nemo.utils.exceptions import ConfigError


class LSTMDecoder(NeuralModule, Exportable):
    """Classifies each frame: log-probabilities of the tokens and, last, of the blank. Names are fixed by archives.

    Args:
        feat_in: H, channels of the encoder.
        num_classes: V, tokens without the blank; taken from `vocabulary` when not above 0.
        lstm_hidden_size: width of the LSTM, of each direction.
        vocabulary: the tokens.
        bidirectional: read the frames in both directions.
        num_layers: LSTM layers.
        add_blank: False leaves the blank out.

    Raises:
        ConfigError: `num_classes` and `vocabulary` contradict each other, or neither is given.
    """

    def __init__(
        self,
        feat_in: int,
        num_classes: int,
        lstm_hidden_size: int,
        vocabulary: Sequence[str] | None = None,
        bidirectional: bool = False,
        num_layers: int = 1,
        add_blank: bool = True,
    ) -> None:
        super().__init__()
        tokens = list(vocabulary) if vocabulary is not None else []
        if num_classes <= 0:
            num_classes = len(tokens)
        if num_classes == 0 or (tokens and num_classes != len(tokens)):
            raise ConfigError(
                f"decoder.num_classes is {num_classes}, and decoder.vocabulary has {len(tokens)} tokens. Expected the "
                "same number; set num_classes to -1 to take it from the vocabulary."
            )
        self._vocabulary = tokens or None
        self._feat_in = feat_in
        self._num_classes = num_classes + 1 if add_blank else num_classes
        self.lstm_layer = nn.LSTM(feat_in, lstm_hidden_size, num_layers, batch_first=True, bidirectional=bidirectional)
        self.linear_layer = nn.Linear(lstm_hidden_size * (2 if bidirectional else 1), self._num_classes)

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
        hidden, _ = self.lstm_layer(encoder_output.transpose(1, 2))
        return torch.log_softmax(self.linear_layer(hidden), dim=-1)

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
