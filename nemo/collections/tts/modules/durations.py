"""From tokens to frames and back: repeating vectors by durations, averaging values over them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def regulate_len(durations: Tensor, enc_out: Tensor, pace: float | Tensor = 1.0) -> tuple[Tensor, Tensor]:
    """Repeats the vector of each token for as many frames as it lasts (Ren et al., 2019, section 3.2).

    Args:
        durations: [B, U] frames of each token.
        enc_out: [B, U, H].
        pace: speed; durations are divided by it, then rounded. A tensor [B, U] gives one for each token.

    Returns:
        [B, F, H], zero after the last token, and the numbers of frames [B].
    """
    repeats = (durations.float() / pace + 0.5).long()
    frames = repeats.sum(dim=1)
    ends = repeats.cumsum(dim=1)
    token = _token_of_each_frame(ends, frames)
    inside = token < durations.shape[1]
    token = token.clamp(max=durations.shape[1] - 1)
    spread = enc_out.gather(1, token[..., None].expand(-1, -1, enc_out.shape[2]))
    return spread * inside[..., None], frames


def _token_of_each_frame(ends: Tensor, frames: Tensor) -> Tensor:
    """[B, F]: which token each frame belongs to, from the frames [B, U] where tokens end; U after the last one."""
    if torch.jit.is_tracing():  # the number of frames stays open, and ONNX has no searchsorted
        positions = torch.arange(frames.max(), device=ends.device)  # type: ignore[call-overload]  # it stays a tensor
        return (positions[:, None] >= ends[:, None]).sum(dim=2)
    positions = torch.arange(int(frames.max()), device=ends.device).expand(len(frames), -1).contiguous()
    return torch.searchsorted(ends, positions, right=True)


def average_features(values: Tensor, durations: Tensor) -> Tensor:
    """The mean over the frames of each token; frames with 0, such as the pitch of unvoiced ones, do not count.

    Args:
        values: [B, C, F].
        durations: [B, U] frames of each token.

    Returns:
        [B, C, U]; 0 for a token without such frames.
    """
    ends = durations.long().cumsum(dim=1)
    starts = F.pad(ends[:, :-1], (1, 0))
    sums = F.pad(values.double().cumsum(dim=2), (1, 0))  # single precision would lose what is small after long sums
    counts = F.pad((values != 0).cumsum(dim=2), (1, 0))

    def inside(totals: Tensor) -> Tensor:
        channels = totals.shape[1]
        first, last = (each[:, None].expand(-1, channels, -1) for each in (starts, ends))
        return totals.gather(2, last) - totals.gather(2, first)

    total, count = inside(sums), inside(counts)
    return torch.where(count > 0, total / count.clamp(min=1), torch.zeros_like(total)).to(values.dtype)
