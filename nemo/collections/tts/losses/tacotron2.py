"""The loss of Tacotron 2: spectrograms before and after the postnet, and the gate (Shen et al., 2018, section 3.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.core.classes.loss import Loss

CERTAIN = 1e3
"""Logit of the end after the end."""


class Tacotron2Loss(Loss):
    """Squared errors of both spectrograms and the cross-entropy of the gate."""

    def forward(
        self,
        spec_pred_dec: Tensor,
        spec_pred_postnet: Tensor,
        gate_pred: Tensor,
        spec_target: Tensor,
        spec_target_len: Tensor,
        pad_value: float,
    ) -> tuple[Tensor, Tensor]:
        """The loss, and the targets [B, F] of the gate: 1 from the last frame on.

        Args:
            spec_pred_dec: [B, D, F'] frames of the decoder; they are cut or continued to F.
            spec_pred_postnet: [B, D, F'] the same after the postnet.
            gate_pred: [B, F'] logits of the end.
            spec_target: [B, D, F].
            spec_target_len: [B] frames.
            pad_value: of the target's padding.
        """
        frames = spec_target.shape[2]
        missing = frames - spec_pred_dec.shape[2]  # negative: cut
        spec_pred_dec, spec_pred_postnet = (
            F.pad(each, (0, missing), value=pad_value) for each in (spec_pred_dec, spec_pred_postnet)
        )
        gate_pred = F.pad(gate_pred, (0, missing), value=CERTAIN)
        inside = lengths_to_mask(spec_target_len, frames)[..., 0]
        gate_target = (torch.arange(frames, device=inside.device) >= spec_target_len[:, None] - 1).to(gate_pred.dtype)
        target = spec_target.masked_fill(~inside[:, None], pad_value)
        mel_loss = sum(
            F.mse_loss(each.masked_fill(~inside[:, None], pad_value), target)
            for each in (spec_pred_dec, spec_pred_postnet)
        )
        gate_loss = F.binary_cross_entropy_with_logits(gate_pred.masked_fill(~inside, CERTAIN), gate_target)
        return mel_loss + gate_loss, gate_target
