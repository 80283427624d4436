"""Convolutions that map encoder frames to what they should stand for, in training without labels.

encoded [B, H, S] -> convolutions -> [B, S', O]
B batch, H channels, S encoder frames, O features; S' = S, or S times or by 2 for each layer with a stride.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.jasper import BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM, init_weights, make_activation
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AcousticEncodedRepresentation, NeuralType, SpectrogramType


class ConvASRDecoderReconstruction(NeuralModule, Exportable):
    """See the head of this file. The layers are in `decoder_layers`, a name fixed by archives.

    Args:
        feat_in: H.
        feat_out: O.
        feat_hidden: channels between.
        stride_layers: separable convolutions with stride two.
        non_stride_layers: separable convolutions with stride one.
        kernel_size: taps of both, odd.
        init_mode: see :func:`~nemo.collections.asr.modules.jasper.init_weights`.
        activation: before each layer but the first.
        stride_transpose: layers with a stride double the frames; else they halve them.
        apply_softmax: the O outputs of a frame are probabilities.
    """

    def __init__(
        self,
        feat_in: int,
        feat_out: int,
        feat_hidden: int,
        stride_layers: int = 0,
        non_stride_layers: int = 0,
        kernel_size: int = 11,
        init_mode: str | None = "xavier_uniform",
        activation: str = "relu",
        stride_transpose: bool = True,
        apply_softmax: bool = False,
    ) -> None:
        super().__init__()
        self._feat_in, self.feat_out, self.feat_hidden = feat_in, feat_out, feat_hidden
        self.apply_softmax = apply_softmax
        shared = make_activation(activation)
        layers: list[nn.Module] = [nn.Conv1d(feat_in, feat_hidden, kernel_size=1)]
        half = (kernel_size - 1) // 2
        for number in range(stride_layers + non_stride_layers):
            depthwise: nn.Module
            if number >= stride_layers:
                depthwise = nn.Conv1d(feat_hidden, feat_hidden, kernel_size, padding=half, groups=feat_hidden)
            elif stride_transpose:
                depthwise = nn.ConvTranspose1d(
                    feat_hidden, feat_hidden, kernel_size, 2, padding=half, output_padding=1, groups=feat_hidden
                )
            else:
                depthwise = nn.Conv1d(feat_hidden, feat_hidden, kernel_size, 2, padding=half, groups=feat_hidden)
            norm = nn.BatchNorm1d(feat_hidden, eps=BATCH_NORM_EPSILON, momentum=BATCH_NORM_MOMENTUM)
            layers += [shared, depthwise, nn.Conv1d(feat_hidden, feat_hidden, kernel_size=1), norm]
        layers += [shared, nn.Conv1d(feat_hidden, feat_out, kernel_size=1)]
        self.decoder_layers = nn.Sequential(*layers)
        self.apply(lambda module: init_weights(module, init_mode))

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Encoded frames."""
        return {"encoder_output": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Features, or probabilities."""
        return {"out": NeuralType(("B", "T", "D"), SpectrogramType())}

    @typecheck()
    def forward(self, encoder_output: Tensor) -> Tensor:
        """[B, H, S] -> [B, S', O]."""
        out: Tensor = self.decoder_layers(encoder_output).transpose(1, 2)
        return torch.softmax(out, dim=-1) if self.apply_softmax else out

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 256) -> tuple[Tensor]:
        """Random encoded frames, for export."""
        return (torch.randn(max_batch or 1, self._feat_in, max_dim or 256, device=next(self.parameters()).device),)
