"""What the original's recipes for transducers do to gradients before a step. All of it is off by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass
class VariationalNoiseConfig:
    """`variational_noise`: Gaussian noise on the gradients of the prediction network, against overfitting."""

    start_step: int = 0
    """The step of training from which on there is noise."""
    std: float = 0.0
    """Standard deviation; 0: none."""


@torch.no_grad()
def shape_gradients(model: Any, joint_shape: tuple[int, int] | None) -> None:
    """Changes the gradients of a transducer in place, as its config asks.

    Args:
        model: has `encoder`, `decoder`, `joint` and a config with `variational_noise`, `normalize_joint_txu` and
            `normalize_{encoder,decoder,joint}_norm`.
        joint_shape: frames and tokens of the longest utterances of the batch; None: not known.
    """
    cfg = model.cfg
    noise = cfg.variational_noise
    if noise is not None and noise.std > 0 and model.global_step >= noise.start_step:
        for grad in _gradients(model.decoder):
            grad.add_(torch.randn_like(grad), alpha=noise.std)
    if cfg.normalize_joint_txu and joint_shape is not None:
        frames, tokens = joint_shape
        for grad in _gradients(model.encoder):
            grad.div_(max(1, tokens))
        for grad in _gradients(model.decoder):
            grad.div_(max(1, frames))
    for name in ("encoder", "decoder", "joint"):
        if cfg[f"normalize_{name}_norm"]:
            for grad in _gradients(getattr(model, name)):
                grad.div_(grad.norm().clamp(min=torch.finfo(grad.dtype).tiny))


def _gradients(module: nn.Module) -> list[Tensor]:
    return [value.grad for value in module.parameters() if value.grad is not None]
