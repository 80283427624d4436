"""The most probable monotonic alignment of tokens and frames (Kim et al., 2020, Glow-TTS, algorithm 1)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

LOG_GUARD = 1e-12


def binarize_attention(attn: Tensor, in_len: Tensor, out_len: Tensor) -> Tensor:
    """The best path through soft alignments: every frame has one token, tokens follow each other, none is left out.

    Args:
        attn: [B, 1, F, U] probabilities of tokens for each frame.
        in_len: [B] tokens.
        out_len: [B] frames; at least as many.

    Returns:
        [B, 1, F, U], 1 on the path; it carries no gradient.
    """
    with torch.no_grad():
        log_probs = torch.log(attn[:, 0].float().clamp(min=LOG_GUARD)).cpu().numpy()
        path = best_path(log_probs, in_len.cpu().numpy(), out_len.cpu().numpy())
        return torch.from_numpy(path)[:, None].to(device=attn.device, dtype=attn.dtype)


def best_path(log_probs: np.ndarray, tokens: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """[B, F, U] log-probabilities -> [B, F, U], 1 on the best monotonic path from the first to the last of both.

    All rows go through the frames together: the steps over time are the only loop.
    """
    rows, last_frame, width = log_probs.shape
    came_from_before = np.zeros(log_probs.shape, dtype=bool)
    score = np.full((rows, width), -np.inf, dtype=np.float64)
    score[:, 0] = log_probs[:, 0, 0]
    shifted = np.full_like(score, -np.inf)
    for frame in range(1, last_frame):
        shifted[:, 1:] = score[:, :-1]
        came_from_before[:, frame] = shifted > score
        score = np.maximum(score, shifted) + log_probs[:, frame]
    path = np.zeros(log_probs.shape, dtype=np.float32)
    token = tokens - 1
    every = np.arange(rows)
    for frame in range(last_frame - 1, -1, -1):
        inside = frame < frames
        path[every[inside], frame, token[inside]] = 1
        token = np.where(inside & came_from_before[every, frame, token], token - 1, token)
    return path
