"""Outputs of an encoder's inner layers, laid aside while it runs, for losses on them.

An encoder calls :func:`keep_layer` behind each layer; who wants some of them uses :func:`capture_layers`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nemo.core.classes.access import AccessMixin

OUTPUT, LENGTH = "interctc/layer_output_", "interctc/layer_length_"

LayerOutputs = dict[int, tuple[Tensor, Tensor]]
"""Number of a layer -> its output [B, H, S] and lengths [B]."""


def is_layer_wanted(module: AccessMixin, number: int) -> bool:
    """Whether somebody wants the output of the layer of this number, from 0."""
    if not module.is_access_enabled(getattr(module, "model_guid", None)):
        return False
    section = module.access_cfg.get("interctc")
    return section is not None and number in section.capture_layers


def keep_layer(module: AccessMixin, number: int, output: Tensor, lengths: Tensor | None) -> None:
    """Lays the output [B, H, S] of a layer aside, with its lengths [B] (None: all S)."""
    if lengths is None:
        lengths = torch.full((output.shape[0],), output.shape[2], device=output.device)
    module.register_accessible_tensor(f"{OUTPUT}{number}", output)
    module.register_accessible_tensor(f"{LENGTH}{number}", lengths)


@contextlib.contextmanager
def capture_layers(model: Any, encoder: nn.Module, layers: Sequence[int]) -> Iterator[LayerOutputs]:
    """Collects outputs of layers while the encoder runs once inside of the block.

        with capture_layers(model, model.encoder, [3, 7]) as outputs:
            model.encoder(audio_signal=features, length=lengths)
        output, lengths = outputs[3]

    Args:
        model: whose encoder it is; its `model_guid` keeps others' encoders out.
        encoder: a ConformerEncoder, a ConvASREncoder, or another that keeps its layers.
        layers: numbers of the layers, from 0.

    Returns:
        A dict that is filled when the block ends.
    """
    outputs: LayerOutputs = {}
    model.propagate_model_guid()
    guid = model.model_guid
    AccessMixin.update_access_cfg({"interctc": {"capture_layers": list(layers)}}, guid)
    AccessMixin.set_access_enabled(True, guid)
    try:
        yield outputs
        for tensors in AccessMixin.get_module_registry(encoder).values():
            for number in layers:
                if f"{OUTPUT}{number}" in tensors:
                    outputs[number] = tensors[f"{OUTPUT}{number}"][-1], tensors[f"{LENGTH}{number}"][-1]
    finally:
        for module in encoder.modules():
            if isinstance(module, AccessMixin):
                module.reset_registry()
        AccessMixin.set_access_enabled(False, guid)
