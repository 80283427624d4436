"""The module that configs name to mask spectrograms in training."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.modules.spec_augment import SpecAugment, SpecCutout
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LengthsType, NeuralType, SpectrogramType


@dataclass
class SpectrogramAugmentationConfig:
    """Keys of a ``spec_augment`` section."""

    _target_: str = "nemo.collections.asr.modules.SpectrogramAugmentation"
    freq_masks: int = 0
    time_masks: int = 0
    freq_width: int = 0
    time_width: Any = 0
    """Frames if an integer, else a fraction of the utterance."""
    rect_masks: int = 0
    rect_time: int = 0
    rect_freq: int = 0
    mask_value: float = 0
    rng: str | None = None
    use_numba_spec_augment: bool = True
    """Accepted for old configs; the masks are always drawn and filled for the whole batch at once."""


class SpectrogramAugmentation(NeuralModule):
    """Cutout rectangles, then SpecAugment's bands and spans; both are off at their defaults.

    Args:
        freq_masks: bands of frequency for each spectrogram.
        time_masks: spans of time for each spectrogram.
        freq_width: largest width of a band, in features.
        time_width: largest width of a span: frames if int, else a fraction of the utterance.
        rect_masks: rectangles for each spectrogram.
        rect_time: largest width of a rectangle in frames.
        rect_freq: largest height of a rectangle in features.
        rng: seeds the masks; PyTorch's own generator is used when None.
        mask_value: what SpecAugment fills in.
        use_vectorized_spec_augment: accepted for configs of the original, without effect.
        use_numba_spec_augment: accepted for configs of the original, without effect.
    """

    def __init__(
        self,
        freq_masks: int = 0,
        time_masks: int = 0,
        freq_width: int = 10,
        time_width: float = 10,
        rect_masks: int = 0,
        rect_time: int = 5,
        rect_freq: int = 20,
        rng: random.Random | None = None,
        mask_value: float = 0.0,
        use_vectorized_spec_augment: bool = True,
        use_numba_spec_augment: bool = False,
    ) -> None:
        super().__init__()
        self.spec_cutout = SpecCutout(rect_masks, rect_time, rect_freq, rng)
        self.spec_augment = SpecAugment(freq_masks, time_masks, freq_width, time_width, rng, mask_value)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """A spectrogram and its lengths."""
        return {
            "input_spec": NeuralType(("B", "D", "T"), SpectrogramType()),
            "length": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The masked spectrogram."""
        return {"augmented_spec": NeuralType(("B", "D", "T"), SpectrogramType())}

    @typecheck()
    @torch.no_grad()
    def forward(self, input_spec: Tensor, length: Tensor) -> Tensor:
        """Masks a batch [B, D, F] with valid frames `length` [B]; returns a new tensor."""
        return self.spec_augment(self.spec_cutout(input_spec), length)
