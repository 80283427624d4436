"""What discriminators say of real and of generated audio.

y, y_hat [B, 1, T] -> for each discriminator scores [B, N] and the outputs of its layers, of real and of generated audio
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

Judgement = tuple[Tensor, list[Tensor]]
"""Scores [B, N] and the outputs of the layers."""
Judgements = tuple[list[Tensor], list[Tensor], list[list[Tensor]], list[list[Tensor]]]
"""Scores of real and of generated audio, one for each discriminator, and the outputs of the layers of each."""


def judge(
    discriminators: nn.ModuleList, y: Tensor, y_hat: Tensor, hear: Callable[[Tensor], list[Judgement]] | None = None
) -> Judgements:
    """Lets all discriminators hear both.

    While they learn, both are one batch. While the generator learns, nobody needs gradients of real audio, and there
    are none.

    Args:
        discriminators: each takes audio.
        y: real audio, batch first.
        y_hat: generated audio, of the same shape.
        hear: what the discriminators say of some audio; None: each hears it as it is.
    """

    def by_each(audio: Tensor) -> list[Judgement]:
        return [discriminator(audio) for discriminator in discriminators]

    hear = by_each if hear is None else hear
    if any(parameter.requires_grad for parameter in discriminators.parameters()):
        pairs = [
            (score.chunk(2), [output.chunk(2) for output in outputs]) for score, outputs in hear(torch.cat([y, y_hat]))
        ]
        real, generated = (
            [(score[kind], [each[kind] for each in outputs]) for score, outputs in pairs] for kind in (0, 1)
        )
    else:
        with parametrize.cached():  # each normalised weight is computed once
            with torch.no_grad():
                real = hear(y)
            generated = hear(y_hat)
    return (
        [score for score, _ in real],
        [score for score, _ in generated],
        [outputs for _, outputs in real],
        [outputs for _, outputs in generated],
    )
