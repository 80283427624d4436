"""One step of a transducer's search as one network, for export: the prediction network and the joint.

frames [B, E, T] and last tokens [B, U] -> scores [B, T, U, K]
B batch, E encoder width, T frames, U tokens, K classes, L layers, H width of the prediction network.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.neural_types import (
    AcousticEncodedRepresentation,
    ElementType,
    LabelsType,
    LengthsType,
    LogprobsType,
    NeuralType,
)


class RNNTDecoderJoint(NeuralModule, Exportable):
    """Shares the networks of a model; the scores are not normalised.

    Args:
        decoder: the prediction network.
        joint: the joint network.
    """

    def __init__(self, decoder: Any, joint: Any) -> None:
        super().__init__()
        self.decoder, self.joint = decoder, joint

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Frames, tokens with their lengths, and the tensors of the state."""
        states = self.decoder.initialize_state(torch.zeros(1, 1))
        return {
            "encoder_outputs": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation()),
            "targets": NeuralType(("B", "T"), LabelsType()),
            "target_length": NeuralType(tuple("B"), LengthsType()),
            **{f"input_states_{number}": _state() for number in range(1, len(states) + 1)},
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Scores, lengths and the new state."""
        states = self.decoder.initialize_state(torch.zeros(1, 1))
        return {
            "outputs": NeuralType(("B", "T", "T", "D"), LogprobsType()),
            "prednet_lengths": NeuralType(tuple("B"), LengthsType()),
            **{f"output_states_{number}": _state() for number in range(1, len(states) + 1)},
        }

    def forward(
        self, encoder_outputs: Tensor, targets: Tensor, target_length: Tensor, *states: Tensor
    ) -> tuple[Tensor, ...]:
        """Computes a step.

        Args:
            encoder_outputs: [B, E, T].
            targets: [B, U] tokens written last; the blank before any.
            target_length: [B]; handed on.
            states: of the prediction network, [L, B, H] each.

        Returns:
            [B, T, U, K] scores, the lengths, and the new states.
        """
        places, after = self.decoder.predict(targets, list(states), add_sos=False)
        frames = self.joint.project_encoder(encoder_outputs.transpose(1, 2))
        together = frames.unsqueeze(2) + self.joint.project_prednet(places).unsqueeze(1)
        return self.joint.joint_net(together), target_length, *after

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 8) -> tuple[Any, ...]:
        """Random frames, tokens and states."""
        batch = max_batch or 1
        frames, _ = self.joint.input_example(batch, max_dim)
        targets, lengths, states = self.decoder.input_example(batch, 1)
        return frames, targets, lengths, *states


def _state() -> NeuralType:
    return NeuralType(("D", "B", "D"), ElementType())
