"""Blocks of Jasper (Li et al., 2019), QuartzNet (Kriman et al., 2019) and Citrinet (Majumdar et al., 2021).

A block repeats [convolution, norm, activation, dropout], the last time without the activation, adds a residual (of its
own input, or of every earlier block's), and ends with activation and dropout. B batch, C channels, T time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.layer_outputs import is_layer_wanted, keep_layer
from nemo.collections.asr.modules.masked_conv import (
    MaskedConv1d,
    asymmetric_padding,
    odd_kernel_size,
    same_padding,
)
from nemo.collections.asr.modules.squeeze_excite import SqueezeExcite
from nemo.collections.asr.modules.valid_frames import ValidFrames
from nemo.core.adapters.module_adapters import AdapterModuleMixin
from nemo.core.classes.access import AccessMixin
from nemo.utils.exceptions import ConfigError

BATCH_NORM_EPSILON = 1e-3
BATCH_NORM_MOMENTUM = 0.1

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "hardtanh": nn.Hardtanh,
    "relu": lambda: nn.ReLU(inplace=True),  # it follows norms, additions and gates, none of which needs its result
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "swish": nn.SiLU,
    "silu": nn.SiLU,
}


def make_activation(name: str) -> nn.Module:
    """The activation that configs call `name`.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in ACTIVATIONS:
        raise ConfigError(f"encoder.activation is {name!r}; expected one of {sorted(ACTIVATIONS)}.")
    return ACTIVATIONS[name]()


def init_weights(module: nn.Module, mode: str | None = "xavier_uniform") -> None:
    """Initializes one convolution, linear layer or batch norm; meant for ``network.apply``.

    Args:
        module: any module; other kinds are left alone.
        mode: xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, tds_uniform, tds_normal (Hannun et al.,
            2019: bound or deviation 2 / sqrt(fan_in)), or None for PyTorch's own.

    Raises:
        ConfigError: `mode` is unknown.
    """
    if isinstance(module, (nn.Conv1d, nn.Linear)) and mode is not None:
        if mode not in INITIALIZERS:
            raise ConfigError(f"init_mode is {mode!r}; expected one of {sorted(INITIALIZERS)} or null.")
        INITIALIZERS[mode](module.weight)
    elif isinstance(module, nn.BatchNorm1d):
        module.reset_parameters()


def _tds_bound(weight: Tensor) -> float:
    return 2.0 / math.sqrt(nn.init._calculate_correct_fan(weight, "fan_in"))


def _tds_uniform(weight: Tensor) -> Tensor:
    bound = _tds_bound(weight)
    return nn.init.uniform_(weight, -bound, bound)


def _tds_normal(weight: Tensor) -> Tensor:
    return nn.init.normal_(weight, 0.0, _tds_bound(weight))


INITIALIZERS: dict[str, Callable[[Tensor], Tensor]] = {
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
    "kaiming_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "kaiming_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "tds_uniform": _tds_uniform,
    "tds_normal": _tds_normal,
}


class TimeBatchNorm(nn.BatchNorm1d):
    """`nn.BatchNorm1d` of [B, C, T] that is as fast when the memory is laid out as [B, T, C]."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalises each channel."""
        if x.ndim == 3 and x.stride(1) == 1 and x.shape[1] > 1:
            return super().forward(x.unsqueeze(2)).squeeze(2)
        return super().forward(x)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in (2, 3, 4):
            raise ValueError(f"expected [B, C] or [B, C, T], got {list(input.shape)}")


def make_norm(kind: str, channels: int, norm_groups: int = -1) -> nn.Module:
    """The normalisation that configs call `kind`: batch, layer, instance or group.

    Args:
        kind: one of these.
        channels: C.
        norm_groups: groups of a group norm; -1: one for each channel.
    """
    if kind == "batch":
        return TimeBatchNorm(channels, eps=BATCH_NORM_EPSILON, momentum=BATCH_NORM_MOMENTUM)
    groups = {"layer": 1, "instance": channels, "group": channels if norm_groups == -1 else norm_groups}
    if kind not in groups:
        raise ConfigError(f"encoder.normalization_mode is {kind!r}; expected batch, layer, instance or group.")
    return nn.GroupNorm(groups[kind], channels)


class GroupShuffle(nn.Module):
    """Interleaves groups of channels, so that the next grouped convolution mixes them."""

    def __init__(self, groups: int, channels: int) -> None:
        super().__init__()
        if channels % groups:
            raise ConfigError(f"{groups} groups do not divide {channels} channels.")
        self.groups = groups
        self.channels_per_group = channels // groups

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T]."""
        batch, channels, time = x.shape
        grouped = x.reshape(batch, self.groups, self.channels_per_group, time)
        return grouped.transpose(1, 2).reshape(batch, channels, time)


class JasperBlock(nn.Module, AdapterModuleMixin, AccessMixin):
    """One block; the names of its parts, `mconv` and `res`, are fixed by archives. Adapters get its output, [B, T, C].

    Args:
        inplanes: channels of the input.
        planes: channels of the output.
        repeat: convolutions.
        kernel_size: taps.
        kernel_size_factor: scales the taps; the result is made odd.
        stride: step in time of each convolution (of the last alone with `stride_last`).
        dilation: distance between taps.
        padding: ``same``, or zeros on either side.
        dropout: probability.
        activation: ReLU when None.
        residual: adds the input, through a 1x1 convolution and a norm.
        groups: of the convolutions (of the pointwise ones where `separable`).
        separable: depthwise convolution followed by a pointwise one.
        heads: filters shared by the channels of depthwise convolutions; -1: each channel its own.
        normalization: batch, layer, instance or group.
        norm_groups: groups of the group norm.
        residual_mode: ``add``, ``max``, or ``stride_add``: the residual is strided as the convolutions are.
        residual_panes: channels of every earlier block, where all of them are added (dense residual).
        conv_mask: sets padding to zero before each convolution.
        se: squeeze-and-excitation before the residual.
        se_reduction_ratio: of its hidden layer.
        se_context_window: its frames in training; -1: all.
        se_interpolation_mode: accepted for old configs, without effect.
        stride_last: only the last convolution is strided.
        future_context: frames ahead that a convolution may see; -1: half its kernel.
        quantize: accepted for old configs, without effect.
        layer_idx: number under which its output is laid aside for those who want it.
    """

    def __init__(
        self,
        inplanes: int,
        planes: int,
        repeat: int = 3,
        kernel_size: int = 11,
        kernel_size_factor: float = 1.0,
        stride: int = 1,
        dilation: int = 1,
        padding: str | int = "same",
        dropout: float = 0.2,
        activation: nn.Module | None = None,
        residual: bool = True,
        groups: int = 1,
        separable: bool = False,
        heads: int = -1,
        normalization: str = "batch",
        norm_groups: int = 1,
        residual_mode: str = "add",
        residual_panes: Sequence[int] = (),
        conv_mask: bool = False,
        se: bool = False,
        se_reduction_ratio: int = 16,
        se_context_window: int = -1,
        se_interpolation_mode: str = "nearest",
        stride_last: bool = False,
        future_context: int = -1,
        quantize: bool = False,
        layer_idx: int = 0,
    ) -> None:
        super().__init__()
        if residual_mode not in ("add", "stride_add", "max"):
            raise ConfigError(f"residual_mode is {residual_mode!r}; expected add, stride_add or max.")
        kernel_size = odd_kernel_size(kernel_size, kernel_size_factor) if kernel_size_factor != 1.0 else kernel_size
        edges = _edges(padding, kernel_size, stride, dilation, future_context)
        activation = activation if activation is not None else nn.ReLU(inplace=True)
        self.planes, self.layer_idx = planes, layer_idx
        self.residual_mode, self.dense_residual = residual_mode, residual and len(residual_panes) > 0
        norm = partial(make_norm, normalization, planes, norm_groups)
        convolve = partial(MaskedConv1d, use_mask=conv_mask)
        layers: list[nn.Module] = []
        for index in range(repeat):
            channels, is_last = planes if index else inplanes, index == repeat - 1
            numbers = kernel_size, stride if is_last or not stride_last else 1, edges, dilation
            if separable:
                layers.append(convolve(channels, channels, *numbers, groups=channels, heads=heads))
                layers.append(convolve(channels, planes, 1, groups=groups))
            else:
                layers.append(convolve(channels, planes, *numbers, groups=groups, heads=heads))
            layers += [norm(), GroupShuffle(groups, planes)] if groups > 1 else [norm()]
            layers += [] if is_last else [activation, nn.Dropout(dropout)]
        if se:
            layers.append(SqueezeExcite(planes, se_reduction_ratio, se_context_window, activation=activation))
        self.mconv = nn.ModuleList(layers)
        self.res: nn.ModuleList | None = None
        if residual:
            step = (stride if stride_last else stride**repeat) if residual_mode == "stride_add" else 1
            sources = residual_panes or [inplanes]
            self.res = nn.ModuleList(nn.ModuleList([convolve(n, planes, 1, step), norm()]) for n in sources)
        self.mout = nn.Sequential(activation, nn.Dropout(dropout))

    @property
    def adapter_input_size(self) -> int:
        """C of the output."""
        return self.planes

    def forward(
        self, input_: tuple[list[Tensor], Tensor | ValidFrames | None]
    ) -> tuple[list[Tensor], Tensor | ValidFrames | None]:
        """Runs the block.

        Args:
            input_: the outputs of earlier blocks that this one adds, its own input [B, C, T] last; and the lengths [B],
                None when nothing is padded, or a :class:`ValidFrames`, and then one comes back.

        Returns:
            The outputs for the next block, this one's last; and the new lengths.
        """
        earlier, lens = input_
        first = ValidFrames.of(lens, earlier[-1].shape[2])
        out, frames = earlier[-1], first
        for layer in self.mconv:
            if isinstance(layer, MaskedConv1d):
                out, frames = layer.convolve(out, frames)
            elif isinstance(layer, SqueezeExcite):
                out = layer.excite(out, frames)
            else:
                out = layer(out)
        if self.res is not None:
            sources = earlier if self.dense_residual else earlier[-1:]
            for branch, x in zip(self.res, sources, strict=True):
                convolution, norm = cast(nn.ModuleList, branch)
                residual = norm(cast(MaskedConv1d, convolution).convolve(x, first)[0])
                out = torch.maximum(out, residual) if self.residual_mode == "max" else out + residual
        out = self.mout(out)
        if self.is_adapter_available():
            out = self.forward_enabled_adapters(out.transpose(1, 2)).transpose(1, 2)
        if is_layer_wanted(self, self.layer_idx):
            keep_layer(self, self.layer_idx, out, frames.lengths)
        outputs = [*earlier, out] if self.dense_residual else [out]
        return outputs, frames if isinstance(lens, ValidFrames) else frames.lengths


def _edges(
    padding: str | int, kernel_size: int, stride: int, dilation: int, future_context: int
) -> int | tuple[int, int]:
    if isinstance(padding, int):
        return padding
    if padding != "same":
        raise ConfigError(f"padding is {padding!r}; expected 'same' or a number of frames.")
    if future_context < 0:
        return same_padding(kernel_size, stride, dilation)
    return asymmetric_padding(kernel_size, stride, dilation, future_context)
