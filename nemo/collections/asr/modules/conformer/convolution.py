"""The convolution module of a Conformer layer: pointwise, gated, depthwise, normalised, pointwise.

x [B, S, H] -> [B, S, H]. Gulati et al., 2020, figure 2. The names are fixed by archives; `batch_norm` is the name of
the norm whatever its kind.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.asr.modules.depthwise_conv import depthwise_conv1d, is_fast_here
from nemo.collections.asr.modules.fused_batch_norm import FusedBatchNorm1d
from nemo.collections.common.modules.linear import linear
from nemo.utils.exceptions import ConfigError


class ConformerConvolution(nn.Module):
    """See the head of this file.

    Args:
        d_model: H.
        kernel_size: taps of the depthwise convolution, odd.
        norm_type: batch_norm, layer_norm, instance_norm, fused_batch_norm, or group_norm with the number of groups.
        conv_context_size: frames that the depthwise convolution sees: `causal`, or [left, right]; None: both alike.
        use_bias: the convolutions have a bias.
        pointwise_activation: `glu_`, or an activation, which keeps twice the width.
    """

    def __init__(
        self,
        d_model: int,
        kernel_size: int,
        norm_type: str = "batch_norm",
        conv_context_size: Sequence[int] | str | None = None,
        use_bias: bool = True,
        pointwise_activation: str = "glu_",
    ) -> None:
        super().__init__()
        if (kernel_size - 1) % 2:
            raise ConfigError(f"encoder.conv_kernel_size is {kernel_size}; expected an odd number. Take the next one.")
        self.d_model = d_model
        self.kernel_size = kernel_size
        self.left, self.right = convolution_context(kernel_size, conv_context_size)
        self.norm_type = norm_type
        self.is_gated = pointwise_activation == "glu_"
        self.pointwise_activation = None if self.is_gated else _activation(pointwise_activation)
        inner = d_model if self.is_gated else 2 * d_model  # a gate halves the width again
        self.pointwise_conv1 = nn.Conv1d(d_model, 2 * d_model, 1, bias=use_bias)
        self.depthwise_conv = nn.Conv1d(inner, inner, kernel_size, groups=inner, bias=use_bias)
        self.batch_norm = _norm(norm_type, inner)
        self.activation = nn.SiLU()
        self.pointwise_conv2 = nn.Conv1d(inner, d_model, 1, bias=use_bias)

    def forward(self, x: Tensor, is_padding: Tensor | None, cache: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Convolves.

        Args:
            x: [B, S, H].
            is_padding: [B, S, 1], True where there is nothing; None: nowhere.
            cache: [B, left, H], what went before; None: zeros.

        Returns:
            [B, S, H], and what the depthwise convolution read, [B, left + S, H]: the cache of the next chunk is in it.
        """
        x = _pointwise(self.pointwise_conv1, x)
        x = F.glu(x, dim=-1) if self.pointwise_activation is None else self.pointwise_activation(x)
        if is_padding is not None:
            x = x.masked_fill(is_padding, 0.0)
        read = F.pad(x, (0, 0, self.left, 0)) if cache is None else torch.cat([cache, x], dim=1)
        x = F.pad(read, (0, 0, 0, self.right)) if self.right else read
        x = self.activation(self._depthwise_and_norm(x))
        return _pointwise(self.pointwise_conv2, x), read

    def _depthwise_and_norm(self, x: Tensor) -> Tensor:
        """[B, left + S + right, H] -> [B, S, H]."""
        weight, bias = self.depthwise_conv.weight, self.depthwise_conv.bias
        norm = self.batch_norm
        if isinstance(norm, nn.BatchNorm1d) and not norm.training and not torch.is_grad_enabled():
            return _depthwise(x, *_folded(weight, bias, norm))
        x = _depthwise(x, weight, bias)
        if isinstance(norm, nn.LayerNorm):
            return norm(x)
        return norm(x.transpose(1, 2)).transpose(1, 2)


def convolution_context(kernel_size: int, context: Sequence[int] | str | None) -> tuple[int, int]:
    """Frames before and after a frame that a convolution sees.

    Raises:
        ConfigError: they do not make up the kernel.
    """
    if context is None:
        return (kernel_size - 1) // 2, (kernel_size - 1) // 2
    if isinstance(context, str):
        if context != "causal":
            raise ConfigError(f"encoder.conv_context_size is {context!r}; expected causal, [left, right] or null.")
        return kernel_size - 1, 0
    left, right = (int(size) for size in context)
    if left + right + 1 != kernel_size:
        raise ConfigError(
            f"encoder.conv_context_size is [{left}, {right}]; left + 1 + right must be encoder.conv_kernel_size, "
            f"{kernel_size}. Change one of them."
        )
    return left, right


def _pointwise(convolution: nn.Conv1d, x: Tensor) -> Tensor:
    """A convolution of one tap over [B, S, H] is a matrix product, which is faster."""
    return linear(x, convolution.weight[:, :, 0], convolution.bias)


def _depthwise(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """[B, T, H] -> [B, T - K + 1, H]."""
    across = x.transpose(1, 2)
    if is_fast_here(across, weight):
        out = depthwise_conv1d(across, weight).transpose(1, 2)
        return out if bias is None else out + bias
    return F.conv1d(across, weight, bias, groups=weight.shape[0]).transpose(1, 2)


def _folded(weight: Tensor, bias: Tensor | None, norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution followed by batch norm with fixed statistics."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    shift = norm.bias - norm.running_mean * scale
    return weight * scale[:, None, None], shift if bias is None else bias * scale + shift


def _norm(kind: str, width: int) -> nn.Module:
    if kind.startswith("group_norm"):
        groups = kind.removeprefix("group_norm")
        if not groups.isdigit() or width % int(groups):
            raise ConfigError(
                f"encoder.conv_norm_type is {kind!r}; expected group_norm and a number of groups that divides {width}."
            )
        return nn.GroupNorm(int(groups), width)
    kinds = {
        "batch_norm": nn.BatchNorm1d,
        "layer_norm": nn.LayerNorm,
        "instance_norm": nn.InstanceNorm1d,
        "fused_batch_norm": FusedBatchNorm1d,
    }
    if kind not in kinds:
        raise ConfigError(f"encoder.conv_norm_type is {kind!r}; expected one of {', '.join(kinds)} or group_normN.")
    return kinds[kind](width)


def _activation(name: str) -> nn.Module:
    from nemo.collections.asr.modules.jasper import make_activation

    return make_activation(name)
