"""What models with an encoder share when they are exported: the encoder's caches as inputs and outputs of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from nemo.core.neural_types import NeuralType
from nemo.utils.exceptions import ExportError


def set_cache_support(encoder: Any, config: Mapping[str, Any]) -> None:
    """Sets whether an encoder's exported file reads streams, if `config` has `cache_support` (true, or a string).

    Raises:
        ExportError: the encoder has no caches.
    """
    if "cache_support" not in config:
        return
    wanted = str(config["cache_support"]).lower() == "true"
    if wanted and getattr(encoder, "streaming_cfg", None) is None:
        raise ExportError(
            f"cache_support is set, but {type(encoder).__name__} keeps no caches. Export it without, or take a "
            "Conformer made for streams."
        )
    if hasattr(encoder, "export_cache_support"):
        encoder.export_cache_support = wanted


def encode_for_export(encoder: Any, features: Tensor, lengths: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
    """Encoded frames [B, H, S] and lengths [B]; with caches, the new ones as well."""
    if caches:
        result: tuple[Tensor, ...] = encoder.forward_for_export(features, lengths, *caches)
    else:
        result = encoder(audio_signal=features, length=lengths)
    return result


def with_caches(types: Mapping[str, NeuralType], encoder: Any) -> dict[str, NeuralType]:
    """Output types of an exported model: its own, and for a stream all but the first of its encoder."""
    if not getattr(encoder, "export_cache_support", False):
        return dict(types)
    own = dict(list(types.items())[:1])
    return {**own, **dict(list(encoder.output_types_for_export.items())[1:])}
