"""Joint network that is trained on a part of a large vocabulary: the tokens of the batch, and some others by chance."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.modules.rnnt_joint import RNNTJoint
from nemo.utils.exceptions import ConfigError


class SampledRNNTJoint(RNNTJoint):
    """The same network and the same results; only the fused loss of training knows fewer tokens (sampled softmax).

    Args:
        jointnet: as for :class:`~nemo.collections.asr.modules.rnnt_joint.RNNTJoint`.
        num_classes: V.
        n_samples: tokens that are drawn for each part of a batch besides those of its targets.
        **options: the others of :class:`~nemo.collections.asr.modules.rnnt_joint.RNNTJoint`; `fuse_loss_wer` is true.

    Raises:
        ConfigError: the loss is not fused, or `n_samples` is below 1.
    """

    def __init__(self, jointnet: Mapping[str, Any], num_classes: int, n_samples: int, **options: Any) -> None:
        super().__init__(jointnet, num_classes, **options)
        if n_samples < 1:
            raise ConfigError(f"joint.n_samples is {n_samples}; expected the number of tokens to draw, at least 1.")
        if not self.fuse_loss_wer:
            raise ConfigError(
                "joint.fuse_loss_wer is false; SampledRNNTJoint needs it, with fused_batch_size. Set both."
            )
        self.n_samples = n_samples

    def _losses_of_part(
        self, frames: Tensor, places: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor
    ) -> Tensor:
        if not self.training or self._loss.kind != "rnnt":
            return super()._losses_of_part(frames, places, frame_lengths, targets, target_lengths)
        blank = self._num_classes - 1
        drawn = torch.randperm(blank, device=targets.device)[: self.n_samples]
        kept = torch.cat([torch.cat([targets.flatten(), drawn.to(targets)]).unique(), targets.new_tensor([blank])])
        parts: list[Any] = list(self.joint_net)
        *before, last = parts
        hidden = self.project_encoder(frames).unsqueeze(2) + self.project_prednet(places).unsqueeze(1)
        for part in before:
            hidden = part(hidden)
        loss = copy.copy(self._loss)
        loss.blank = len(kept) - 1
        losses: Tensor = loss(
            log_probs=torch.nn.functional.linear(hidden, last.weight[kept], last.bias[kept]),
            targets=torch.searchsorted(kept, targets.contiguous()),
            input_lengths=frame_lengths,
            target_lengths=target_lengths,
        )
        return losses
