"""Fewer frames in the middle of an encoder. x [B, S, H] -> [B, S', H]; the names are fixed by archives."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.subsampling import ConvSubsampling
from nemo.collections.asr.modules.releases import masks_subsampling
from nemo.utils.exceptions import ConfigError


class SubsamplingReductionModule(nn.Module):
    """Joins neighbouring frames.

    Args:
        reduction: pooling (the largest of the frames) or striding (convolutions).
        d_model: H.
        reduction_factor: frames that become one.
    """

    def __init__(self, reduction: str, d_model: int, reduction_factor: int = 2) -> None:
        super().__init__()
        if reduction not in ("pooling", "striding"):
            raise ConfigError(f"encoder.reduction is {reduction!r}; expected pooling, striding or null. Choose one.")
        self.reduction_factor = reduction_factor
        self.reduction_enc: nn.Module
        if reduction == "pooling":
            self.reduction_enc = nn.MaxPool1d(reduction_factor)
        else:
            self.reduction_enc = ConvSubsampling("striding", reduction_factor, d_model, d_model, d_model)

    def follow_release(self, nemo_version: str | None) -> None:
        """From 2.5 on padding is kept zero between the convolutions."""
        if isinstance(self.reduction_enc, ConvSubsampling):
            self.reduction_enc.masks_padding = masks_subsampling(nemo_version)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Reduces [B, S, H] with lengths [B]."""
        if isinstance(self.reduction_enc, ConvSubsampling):
            return self.reduction_enc(x, lengths)
        missing = max(0, self.reduction_factor - x.shape[1])  # of a recording of a few milliseconds
        x = self.reduction_enc(F.pad(x, (0, 0, 0, missing)).transpose(1, 2)).transpose(1, 2)
        return x, torch.div(lengths, self.reduction_factor, rounding_mode="floor")
