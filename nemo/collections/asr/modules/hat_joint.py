"""Joint network of a hybrid autoregressive transducer: whether a token comes is decided apart from which one.

Variani et al., 2020, https://arxiv.org/abs/2003.07705.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.rnnt_joint import ACTIVATIONS, RNNTJoint


class HATJoint(RNNTJoint):
    """P(blank) is a sigmoid of its own, and the tokens share the rest by a softmax.

    Args:
        jointnet: as for :class:`~nemo.collections.asr.modules.rnnt_joint.RNNTJoint`.
        num_classes: V.
        **options: the others of :class:`~nemo.collections.asr.modules.rnnt_joint.RNNTJoint`. The outputs are
            log-probabilities whatever `log_softmax` says.
    """

    def __init__(
        self, jointnet: Mapping[str, Any], num_classes: int, vocabulary: Sequence[str] | None = None, **options: Any
    ) -> None:
        super().__init__(jointnet, num_classes, vocabulary=vocabulary, **options)
        width = int(jointnet["joint_hidden"])
        dropout = float(jointnet.get("dropout") or 0.0)
        drop = [nn.Dropout(dropout)] if dropout else []
        activation = ACTIVATIONS[str(jointnet["activation"]).lower()]
        self.joint_net = nn.Sequential(activation(), *drop, nn.Linear(width, num_classes))
        self.blank_pred = nn.Sequential(activation(), *drop, nn.Linear(width, 1))

    def joint_after_projection(self, f: Tensor, g: Tensor) -> Tensor:
        """Log-probabilities [B, T, P, V + 1] of projected frames [B, T, J] and places [B, P, J]."""
        together = f.unsqueeze(2) + g.unsqueeze(1)
        blank = self.blank_pred(together)
        tokens = self.internal_lm_scores(together) + nn.functional.logsigmoid(-blank)
        return torch.cat([tokens, nn.functional.logsigmoid(blank)], dim=-1)

    def internal_lm_scores(self, together: Tensor) -> Tensor:
        """Log-probabilities [..., V] of tokens, given that one comes, at the joint network's input [..., J]."""
        return (self.joint_net(together) / self.temperature).log_softmax(dim=-1)
