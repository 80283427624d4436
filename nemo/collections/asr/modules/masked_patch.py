"""Masks over whole patches of time, as wav2vec-like pre-training uses them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nemo.collections.asr.modules.spec_augment import SpecAugment
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LengthsType, NeuralType, SpectrogramType
from nemo.utils.exceptions import ConfigError


@dataclass
class MaskedPatchAugmentationConfig:
    """Keys of a ``spec_augment`` section that masks patches."""

    _target_: str = "nemo.collections.asr.modules.MaskedPatchAugmentation"
    patch_size: int = 48
    mask_patches: float = 10.0
    freq_masks: int = 0
    freq_width: int = 0


class MaskedPatchAugmentation(NeuralModule):
    """Zeroes random patches of consecutive frames, and bands of frequency.

    Args:
        patch_size: frames of a patch.
        mask_patches: how many patches of each utterance; below 1, the fraction of its patches.
        freq_masks: bands of frequency.
        freq_width: largest width of a band, in features.
    """

    def __init__(
        self, patch_size: int = 48, mask_patches: float = 10.0, freq_masks: int = 0, freq_width: int = 0
    ) -> None:
        super().__init__()
        if mask_patches < 0 or patch_size < 1:
            raise ConfigError(
                f"MaskedPatchAugmentation got mask_patches={mask_patches} and patch_size={patch_size}; expected "
                "mask_patches >= 0 and patch_size >= 1."
            )
        self.patch_size = patch_size
        self.mask_patches = mask_patches
        self.spec_augment = SpecAugment(freq_masks=freq_masks, freq_width=freq_width) if freq_masks > 0 else None

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
        batch, _, frames = input_spec.shape
        device = input_spec.device
        whole = torch.div(length.to(device), self.patch_size, rounding_mode="floor")[:, None]
        patches = -(-frames // self.patch_size)
        wanted = (whole * self.mask_patches).long() if self.mask_patches < 1 else int(self.mask_patches)
        is_beyond = torch.arange(patches, device=device) >= whole
        # the patches with the smallest of random numbers: a draw without replacement
        rank = torch.rand(batch, patches).to(device).masked_fill(is_beyond, 2.0).argsort(dim=1).argsort(dim=1)
        is_masked = ((rank < wanted) & ~is_beyond).repeat_interleave(self.patch_size, dim=1)[:, :frames]
        masked = input_spec.masked_fill(is_masked[:, None], 0.0)
        return self.spec_augment(masked, length) if self.spec_augment is not None else masked
