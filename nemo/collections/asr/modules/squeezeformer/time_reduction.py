"""Half as many frames for the layers in the middle of an encoder, and as many as before behind them.

x [B, S, H]. Kim et al., 2022 (https://arxiv.org/abs/2206.00888), section 3.1.1, after U-Net.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.asr.modules.conformer.attention_context import AttentionMask


class TimeReductionModule(nn.Module):
    """A depthwise convolution of stride two and a pointwise one; the names are fixed by archives.

    Args:
        d_model: H of the input.
        out_dim: H of the result.
        kernel_size: taps.
        stride: frames that become one.
    """

    def __init__(self, d_model: int, out_dim: int, kernel_size: int = 5, stride: int = 2) -> None:
        super().__init__()
        self.stride = stride
        padding = max(0, kernel_size - stride)
        self.dw_conv = nn.Conv1d(d_model, d_model, kernel_size, stride, padding, groups=d_model)
        self.pw_conv = nn.Conv1d(d_model, out_dim, kernel_size=1)

    def forward(self, x: Tensor, mask: AttentionMask) -> tuple[Tensor, AttentionMask]:
        """[B, S, H] -> [B, ceil(S / stride), H], and the mask of these frames."""
        if mask.is_padding is not None:
            x = x.masked_fill(mask.is_padding, 0.0)
        frames = -(-x.shape[1] // self.stride)
        x = self.pw_conv(self.dw_conv(x.transpose(1, 2))).transpose(1, 2)
        return F.pad(x, (0, 0, 0, frames - x.shape[1])), every_frame(mask, self.stride)


def every_frame(mask: AttentionMask, stride: int) -> AttentionMask:
    """The mask of every `stride`-th frame."""
    return AttentionMask(
        None if mask.blocked is None else mask.blocked[..., ::stride, ::stride],
        None if mask.is_padding is None else mask.is_padding[:, ::stride],
    )


def repeated(x: Tensor, times: int, frames: int) -> Tensor:
    """Each frame of [B, S, H] `times` times, cut to `frames`."""
    return x.repeat_interleave(times, dim=1)[:, :frames]
