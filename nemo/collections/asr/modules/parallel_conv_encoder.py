"""A convolutional encoder whose blocks look through several kernels at once.

features [B, D, F] -> blocks, each a sum of Jasper blocks side by side -> encoded [B, H, S]
B batch, D features, F feature frames, H channels, S encoder frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from nemo.collections.asr.modules.conv_encoder import ConvASREncoder
from nemo.collections.asr.modules.jasper import JasperBlock, init_weights
from nemo.collections.asr.modules.masked_conv import MaskedConv1d
from nemo.collections.asr.modules.valid_frames import ValidFrames
from nemo.utils.exceptions import ConfigError

AGGREGATIONS = ("sum", "dropout", "weighted")
RESIDUALS = ("sum", "conv")
_OF_THE_BLOCK = ("aggregation_mode", "block_dropout", "parallel_residual_mode")

Passed = tuple[list[Tensor], Tensor | ValidFrames | None]
"""Outputs of blocks, the last one last, and the lengths."""


class ParallelBlock(nn.Module):
    """Jasper blocks side by side, summed, beside a residual. The names of the parts are fixed by archives.

    Args:
        blocks: they take the same input and give equally many channels and frames.
        aggregation_mode: sum; dropout (each block may be left out in training); or weighted (trained factors).
        block_dropout_prob: of dropout.
        residual_mode: sum (the input), or conv (the input through a 1x1 convolution).
        in_filters: channels of the input, for conv.
        out_filters: channels of the output, for conv.
    """

    def __init__(
        self,
        blocks: Sequence[JasperBlock],
        aggregation_mode: str = "sum",
        block_dropout_prob: float = 0.0,
        residual_mode: str = "sum",
        in_filters: int | None = None,
        out_filters: int | None = None,
    ) -> None:
        super().__init__()
        if aggregation_mode not in AGGREGATIONS:
            raise ConfigError(f"aggregation_mode is {aggregation_mode!r}; expected one of {', '.join(AGGREGATIONS)}.")
        if residual_mode not in RESIDUALS:
            raise ConfigError(f"parallel_residual_mode is {residual_mode!r}; expected one of {', '.join(RESIDUALS)}.")
        if residual_mode == "sum" and in_filters != out_filters:
            raise ConfigError(
                f"a parallel block has {in_filters} input and {out_filters} output channels, which cannot be added. "
                "Set parallel_residual_mode to conv."
            )
        self.blocks = nn.ModuleList(blocks)
        self.aggregation_mode, self.residual_mode = aggregation_mode, residual_mode
        if aggregation_mode != "sum":
            equal = torch.ones(len(blocks)) / len(blocks)
            self.weights = nn.Parameter(equal, requires_grad=aggregation_mode == "weighted")
        self.dropout = nn.Dropout(block_dropout_prob)
        if residual_mode == "conv":
            assert in_filters is not None
            assert out_filters is not None
            self.res_conv = MaskedConv1d(in_filters, out_filters, kernel_size=1, bias=False, use_mask=True)

    def forward(self, x: Passed) -> Passed:
        """Runs all blocks; see :meth:`JasperBlock.forward`."""
        given, lengths = x[0][-1], x[1]
        factors: Any = [1.0] * len(self.blocks)
        if self.aggregation_mode == "dropout":
            factors = self.dropout(self.weights)
        elif self.aggregation_mode == "weighted":
            factors = self.weights
        outputs: list[Passed] = [block(x) for block in self.blocks]
        total = sum(factor * out[-1] for factor, (out, _) in zip(factors, outputs, strict=True))
        residual = self.res_conv(given, lengths)[0] if self.residual_mode == "conv" else given
        return [cast(Tensor, total + residual)], outputs[0][1]


class ParallelConvASREncoder(ConvASREncoder):
    """A :class:`ConvASREncoder` that has, for a block whose `kernel` lists several, one Jasper block for each.

    Such a block may have `aggregation_mode` (sum, dropout, weighted), `block_dropout` and `parallel_residual_mode`
    (sum, conv) besides the keys of a Jasper block; see :class:`ParallelBlock`. The arguments are those of the base.
    """

    def __init__(
        self,
        jasper: Sequence[Any],
        activation: str,
        feat_in: int,
        normalization_mode: str = "batch",
        residual_mode: str = "add",
        norm_groups: int = -1,
        conv_mask: bool = True,
        frame_splicing: int = 1,
        init_mode: str | None = "xavier_uniform",
        aggregation_mode: str | None = None,
        quantize: bool = False,
    ) -> None:
        entries = [_plain(entry) for entry in jasper]
        narrow = [_of_one_kernel(entry) for entry in entries]
        options: dict[str, Any] = {
            "activation": activation,
            "normalization_mode": normalization_mode,
            "residual_mode": residual_mode,
            "norm_groups": norm_groups,
            "conv_mask": conv_mask,
            "init_mode": init_mode,
        }
        super().__init__(narrow, feat_in=feat_in, frame_splicing=frame_splicing, **options)
        channels = feat_in * frame_splicing
        for index, (entry, block) in enumerate(zip(entries, narrow, strict=True)):
            kernels = _kernels(entry)
            if len(kernels) > 1:
                singles = [
                    ConvASREncoder([block | {"kernel": [kernel]}], feat_in=channels, **options).encoder[0]
                    for kernel in kernels
                ]
                self.encoder[index] = ParallelBlock(
                    cast(Sequence[JasperBlock], singles),
                    aggregation_mode=entry.get("aggregation_mode") or aggregation_mode or "sum",
                    block_dropout_prob=entry.get("block_dropout") or 0.0,
                    residual_mode=entry.get("parallel_residual_mode") or "sum",
                    in_filters=channels,
                    out_filters=entry["filters"],
                )
            channels = entry["filters"]
        self.apply(lambda module: init_weights(module, init_mode))

    @property
    def subsampling_factor(self) -> int:
        """Feature frames for each encoder frame."""
        factor = 1
        for block in self.encoder:
            one = block.blocks[0] if isinstance(block, ParallelBlock) else block
            for layer in cast(JasperBlock, one).mconv:
                factor *= layer.conv.stride[0] if isinstance(layer, MaskedConv1d) else 1
        return factor


def _plain(entry: Any) -> dict[str, Any]:
    if isinstance(entry, Mapping) and not OmegaConf.is_config(entry):
        return dict(entry)
    return cast(dict[str, Any], OmegaConf.to_container(OmegaConf.create(entry), resolve=True))


def _kernels(entry: Mapping[str, Any]) -> list[int]:
    """The kernels of a block, which configs write as 11, [11, 13] or [[11], [13]]."""
    given = entry.get("kernel")
    each = given if isinstance(given, (list, tuple)) else [given]
    return [int(kernel[0] if isinstance(kernel, (list, tuple)) else kernel) for kernel in each if kernel is not None]


def _of_one_kernel(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The block with the first of its kernels, and without the keys that are not a Jasper block's."""
    block = {key: value for key, value in entry.items() if key not in _OF_THE_BLOCK}
    return block | {"kernel": _kernels(entry)[:1] or None}
