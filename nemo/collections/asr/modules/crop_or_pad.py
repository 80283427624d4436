"""Gives every spectrogram of a batch the same number of frames, as classifiers of short commands want."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LengthsType, NeuralType, SpectrogramType


@dataclass
class CropOrPadSpectrogramAugmentationConfig:
    """Keys of a ``crop_or_pad_augment`` section."""

    audio_length: int
    """In frames."""
    _target_: str = "nemo.collections.asr.modules.CropOrPadSpectrogramAugmentation"


class CropOrPadSpectrogramAugmentation(NeuralModule):
    """Cuts longer batches at a random place for each row; pads shorter ones with zeros on both sides.

    Args:
        audio_length: frames that every spectrogram gets.
    """

    def __init__(self, audio_length: int) -> None:
        super().__init__()
        self.audio_length = audio_length

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """A spectrogram and its lengths."""
        return {
            "input_signal": NeuralType(("B", "D", "T"), SpectrogramType()),
            "length": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The spectrogram and its lengths, all equal."""
        return {
            "processed_signal": NeuralType(("B", "D", "T"), SpectrogramType()),
            "processed_length": NeuralType(tuple("B"), LengthsType()),
        }

    @typecheck()
    @torch.no_grad()
    def forward(self, input_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """[B, D, F] -> [B, D, audio_length]; the lengths become `audio_length`."""
        batch, features, frames = input_signal.shape
        spare = frames - self.audio_length
        if spare > 0:
            offsets = torch.randint(0, spare + 1, (batch, 1)).to(input_signal.device)
            columns = offsets + torch.arange(self.audio_length, device=input_signal.device)
            input_signal = input_signal.gather(2, columns[:, None].expand(-1, features, -1))
        elif spare < 0:
            left = -spare // 2
            input_signal = F.pad(input_signal, (left, -spare - left))
        return input_signal, torch.full_like(length, self.audio_length)
