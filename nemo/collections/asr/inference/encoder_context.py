"""How far an encoder sees: how many feature frames before and after it an encoder frame depends on.

Where that is limited, a long recording can be encoded in overlapping chunks with the same result as at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from nemo.collections.asr.modules.conformer_encoder import ConformerEncoder
from nemo.collections.asr.modules.conv_encoder import ConvASREncoder
from nemo.collections.asr.modules.masked_conv import MaskedConv1d
from nemo.collections.asr.modules.squeeze_excite import SqueezeExcite

OVER_ALL_FRAMES = (SqueezeExcite, nn.GroupNorm, nn.InstanceNorm1d, nn.RNNBase)
"""Layers whose result at a frame depends on the whole utterance."""


@dataclass(frozen=True)
class EncoderContext:
    """Feature frames that one encoder frame depends on, besides its own."""

    left: int
    right: int


def encoder_context(encoder: nn.Module) -> EncoderContext | None:
    """The context of an encoder, never too small; None where it has no limit, or is not known."""
    if any(isinstance(module, OVER_ALL_FRAMES) for module in encoder.modules()):
        return None
    if isinstance(encoder, ConvASREncoder):
        return _of_convolutions(encoder)
    if isinstance(encoder, ConformerEncoder):
        return _of_conformer(encoder)
    return None


def features_of_a_frame(encoder: Any) -> int:
    """Feature frames that become one encoder frame."""
    factor = int(encoder.subsampling_factor)
    if isinstance(encoder, ConformerEncoder) and encoder.reduction_position is not None:
        factor *= encoder.reduction_subsampling.reduction_factor
    return factor


def features_of_a_unit(encoder: Any) -> int:
    """Feature frames at whose multiples chunks begin, so that frames and blocks of attention fall as at once."""
    factor = features_of_a_frame(encoder)
    if isinstance(encoder, ConformerEncoder) and encoder.att_context_style == "chunked_limited":
        factor *= max(encoder.att_context_size[1], 0) + 1
    return factor


def _of_convolutions(encoder: ConvASREncoder) -> EncoderContext:
    """Along the main path of the blocks: what runs beside it sees less."""
    left = right = 0
    step = 1  # feature frames between two frames of the layer
    for name, layer in encoder.named_modules():
        if ".mconv." not in name or not isinstance(layer, MaskedConv1d):
            continue
        reach = layer.conv.dilation[0] * (layer.conv.kernel_size[0] - 1)
        before, after = layer.edges
        left += step * max(before, reach - after)
        right += step * max(after, reach - before)
        step *= layer.conv.stride[0]
    return EncoderContext(left, right)


def _of_conformer(encoder: ConformerEncoder) -> EncoderContext | None:
    left, right = encoder.att_context_size
    has_limits = left >= 0 and right >= 0 and encoder.self_attention_model != "abs_pos" and encoder.global_tokens == 0
    if not has_limits or encoder.reduction_position is not None:
        return None
    convolution: Any = encoder.layers[0].conv
    layers, factor = encoder.n_layers, encoder.subsampling_factor
    subsampling = 3 * factor  # two convolutions of three taps and a pooling for each halving reach no further
    if encoder.att_context_style == "chunked_limited":
        # the last frame of a block sees its beginning and the blocks before; what lies ahead is the block, once
        left, ahead = left + right, right
    else:
        ahead = layers * right
    return EncoderContext(
        factor * layers * (left + convolution.left) + subsampling,
        factor * (ahead + layers * convolution.right) + subsampling,
    )
