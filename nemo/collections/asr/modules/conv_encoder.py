"""Convolutional encoder: Jasper, QuartzNet, Citrinet, MatchboxNet, MarbleNet, TitaNet.

features [B, D, F] -> blocks -> encoded [B, H, S]
B batch, D features, F feature frames, H channels, S encoder frames.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, cast

import torch
from omegaconf import MISSING, ListConfig, OmegaConf
from torch import Tensor, nn

from nemo.collections.asr.modules.jasper import JasperBlock, init_weights, make_activation
from nemo.collections.asr.modules.masked_conv import MaskedConv1d
from nemo.collections.asr.modules.squeeze_excite import SqueezeExcite
from nemo.collections.asr.modules.valid_frames import ValidFrames
from nemo.collections.common.adapters.linear import LinearAdapter
from nemo.core.adapters.module_adapters import AdapterModuleMixin
from nemo.core.adapters.registry import register_adapter
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import (
    AcousticEncodedRepresentation,
    LengthsType,
    NeuralType,
    SpectrogramType,
)
from nemo.utils.exceptions import ConfigError, ShapeError

logger = logging.getLogger(__name__)


@dataclass
class JasperEncoderConfig:
    """One block of an encoder: an entry of its ``jasper`` list."""

    filters: int = MISSING
    """Channels that the block gives."""
    repeat: int = MISSING
    kernel: list[int] = MISSING
    stride: list[int] = MISSING
    dilation: list[int] = MISSING
    dropout: float = MISSING
    residual: bool = MISSING
    groups: int = 1
    separable: bool = False
    heads: int = -1
    residual_mode: str = "add"
    residual_dense: bool = False
    se: bool = False
    se_reduction_ratio: int = 8
    se_context_size: int = -1
    se_interpolation_mode: str = "nearest"
    kernel_size_factor: float = 1.0
    stride_last: bool = False


@dataclass
class ConvASREncoderConfig:
    """Keys of an ``encoder`` section."""

    _target_: str = "nemo.collections.asr.modules.ConvASREncoder"
    jasper: list[JasperEncoderConfig] = field(default_factory=list)
    activation: str = MISSING
    feat_in: int = MISSING
    normalization_mode: str = "batch"
    residual_mode: str = "add"
    norm_groups: int = -1
    conv_mask: bool = True
    frame_splicing: int = 1
    init_mode: str | None = "xavier_uniform"


class ConvASREncoder(NeuralModule, Exportable):
    """A stack of Jasper blocks. The blocks are in `encoder`, a name fixed by archives.

    Args:
        jasper: one mapping for each block, with the keys of :class:`JasperEncoderConfig`, and ``future_context``.
        activation: hardtanh, relu, selu, gelu, swish or silu.
        feat_in: features of the input, before splicing.
        normalization_mode: batch, layer, instance or group.
        residual_mode: add, max or stride_add, of blocks that do not say.
        norm_groups: groups of the group norm; -1: one for each channel.
        conv_mask: sets padding to zero before each convolution.
        frame_splicing: frames that the preprocessor stacks into one.
        init_mode: see :func:`~nemo.collections.asr.modules.jasper.init_weights`.
        quantize: accepted for old configs, without effect.

    Raises:
        ConfigError: a block lacks a key, or a value is not possible; the message names the block.
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
        quantize: bool = False,
    ) -> None:
        super().__init__()
        if not jasper:
            raise ConfigError("encoder.jasper is empty; it needs one entry for each block.")
        self._feat_in = feat_in
        channels = feat_in * frame_splicing
        residual_panes: list[int] = []
        blocks = []
        for index, entry in enumerate(jasper):
            block, future_context = _read_block(entry, index, residual_mode)
            if block.residual_dense:
                residual_panes.append(channels)
            blocks.append(
                JasperBlock(
                    channels,
                    block.filters,
                    repeat=block.repeat,
                    kernel_size=_first(block.kernel),
                    stride=_first(block.stride),
                    dilation=_first(block.dilation),
                    dropout=block.dropout,
                    residual=block.residual,
                    groups=block.groups,
                    separable=block.separable,
                    heads=block.heads,
                    residual_mode=block.residual_mode,
                    normalization=normalization_mode,
                    norm_groups=norm_groups,
                    activation=make_activation(activation),
                    residual_panes=tuple(residual_panes) if block.residual_dense else (),
                    conv_mask=conv_mask,
                    se=block.se,
                    se_reduction_ratio=block.se_reduction_ratio,
                    se_context_window=block.se_context_size,
                    se_interpolation_mode=block.se_interpolation_mode,
                    kernel_size_factor=block.kernel_size_factor,
                    stride_last=block.stride_last,
                    future_context=future_context,
                    layer_idx=index,
                )
            )
            channels = block.filters
        self._feat_out = channels
        self.encoder = nn.Sequential(*blocks)
        self.apply(lambda module: init_weights(module, init_mode))

    @property
    def d_model(self) -> int:
        """H, channels of the output."""
        return self._feat_out

    @property
    def subsampling_factor(self) -> int:
        """Feature frames for each encoder frame."""
        main_path = [layer for name, layer in self.named_modules() if ".mconv." in name]  # residuals run beside it
        return math.prod(layer.conv.stride[0] for layer in main_path if isinstance(layer, MaskedConv1d))

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Features and their lengths."""
        return {
            "audio_signal": NeuralType(("B", "D", "T"), SpectrogramType()),
            "length": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Encoded frames and their lengths."""
        return {
            "outputs": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation()),
            "encoded_lengths": NeuralType(tuple("B"), LengthsType()),
        }

    @typecheck()
    def forward(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Encodes a batch.

        Args:
            audio_signal: [B, D, F].
            length: [B] valid frames.

        Returns:
            outputs [B, H, S] (on a CPU laid out as [B, S, H] in memory) and encoded_lengths [B]. What outputs hold
            beyond the lengths has no meaning.
        """
        if audio_signal.ndim != 3:
            raise ShapeError(f"ConvASREncoder got audio_signal {list(audio_signal.shape)}; it expects [B, D, F].")
        outputs, frames = self.encoder(([audio_signal], ValidFrames(length, audio_signal.shape[2])))
        return outputs[-1], frames.lengths

    def change_se_context_window(self, context_window: int) -> None:
        """Sets the context of every squeeze-and-excitation, in frames of its layer; not above 0: all frames."""
        for module in self.modules():
            if isinstance(module, SqueezeExcite):
                module.change_context_window(context_window)

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 8192) -> tuple[Tensor, Tensor]:
        """Random features and lengths, for export."""
        batch, frames = max_batch or 1, max_dim or 8192
        device = next(self.parameters()).device
        features = torch.randn(batch, self._feat_in, frames, device=device)
        return features, torch.full((batch,), frames, device=device)


class ConvASREncoderAdapter(ConvASREncoder, AdapterModuleMixin):
    """A :class:`ConvASREncoder` of the same weights that takes adapters, one at the end of each block.

    It takes :class:`~nemo.collections.common.adapters.linear.LinearAdapter`; `in_features` need not be given.
    """

    _accepted_adapter_types = frozenset({LinearAdapter})

    def adapter_places(self) -> Iterator[JasperBlock]:
        """The blocks."""
        return (cast(JasperBlock, block) for block in self.encoder)


register_adapter(base_class=ConvASREncoder, adapter_class=ConvASREncoderAdapter)


def _first(value: Any) -> int:
    """Configs write `kernel: [11]` as well as `kernel: 11`."""
    return int(value[0]) if isinstance(value, (list, tuple)) else int(value)


def _read_block(entry: Any, index: int, residual_mode: str) -> tuple[JasperEncoderConfig, int]:
    """One entry of ``encoder.jasper``, and its `future_context`."""
    if OmegaConf.is_config(entry) or not isinstance(entry, Mapping):
        entry = OmegaConf.to_container(OmegaConf.create(entry), resolve=True)
    given: dict[str, Any] = {k: list(v) if isinstance(v, ListConfig) else v for k, v in entry.items()}
    future_context = int(given.pop("future_context", -1))
    known = {item.name for item in fields(JasperEncoderConfig)}
    unknown = sorted(set(given) - known)
    if unknown:
        logger.warning("encoder.jasper[%d] has unknown keys that have no effect: %s", index, ", ".join(unknown))
    block = JasperEncoderConfig(**({"residual_mode": residual_mode} | {k: v for k, v in given.items() if k in known}))
    missing = [item.name for item in fields(block) if getattr(block, item.name) in (MISSING, None)]
    if missing:
        raise ConfigError(f"encoder.jasper[{index}] lacks {', '.join(missing)}; every block needs it.")
    return block, future_context
