"""What a prediction network and a joint network offer, so that losses and searches take them, and users write own ones.

B batch, T frames, P places (U + 1), E, H and J widths, K outputs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from nemo.core.classes.neural_module import NeuralModule
from nemo.utils.exceptions import ConfigError


class AbstractRNNTJoint(NeuralModule, ABC):
    """A joint network: scores of what comes next at each frame and place."""

    def joint(self, f: Tensor, g: Tensor) -> Tensor:
        """Scores [B, T, P, K] of frames `f` [B, T, E] and places `g` [B, P, H]."""
        return self.joint_after_projection(self.project_encoder(f), self.project_prednet(g))

    @abstractmethod
    def project_encoder(self, encoder_output: Tensor) -> Tensor:
        """[B, T, E] -> [B, T, J]; done once for all frames when decoding."""

    @abstractmethod
    def project_prednet(self, prednet_output: Tensor) -> Tensor:
        """[B, P, H] -> [B, P, J]."""

    @abstractmethod
    def joint_after_projection(self, f: Tensor, g: Tensor) -> Tensor:
        """Scores [B, T, P, K] of projected frames [B, T, J] and places [B, P, J]."""

    @property
    @abstractmethod
    def num_classes_with_blank(self) -> int:
        """K."""

    @property
    @abstractmethod
    def num_extra_outputs(self) -> int:
        """Outputs behind the blank."""


class AbstractRNNTDecoder(NeuralModule, ABC):
    """A prediction network: what has been written so far -> a vector for each place.

    Args:
        vocab_size: tokens.
        blank_idx: class of the blank.
        blank_as_pad: the blank has an embedding, which is zero.

    Raises:
        ConfigError: the blank is a class that cannot be.
    """

    def __init__(self, vocab_size: int, blank_idx: int, blank_as_pad: bool) -> None:
        super().__init__()
        if not 0 <= blank_idx <= vocab_size:
            raise ConfigError(f"blank_idx is {blank_idx}; expected a number from 0 to vocab_size, {vocab_size}.")
        self.vocab_size = vocab_size
        self.blank_idx = blank_idx
        self.blank_as_pad = blank_as_pad

    @abstractmethod
    def predict(
        self,
        y: Tensor | None = None,
        state: Any = None,
        add_sos: bool = True,
        batch_size: int | None = None,
    ) -> tuple[Tensor, Any]:
        """Computes places step by step or together.

        Args:
            y: [B, U] tokens, the blank for none; None: only the place before any token.
            state: what went before; None: nothing.
            add_sos: put the place before any token in front.
            batch_size: B, when `y` is None.

        Returns:
            [B, U (+ 1), H] and the new state.
        """

    @abstractmethod
    def initialize_state(self, y: Tensor) -> Any:
        """The state before anything, for the batch, type and device of `y` [B, ...]."""
