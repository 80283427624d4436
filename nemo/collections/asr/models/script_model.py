"""A speech recognition model by path or name, as the original's scripts get it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from nemo.collections.asr.inference.transcription_script import value_at
from nemo.collections.asr.models.asr_model import ASRModel
from nemo.utils.exceptions import ConfigError


def setup_model(cfg: Any, map_location: torch.device | str) -> tuple[ASRModel, str]:
    """The model that `model_path` or `pretrained_name` names, ready to transcribe.

    Args:
        cfg: also `model_change.conformer.self_attention_model` and `.att_context_size`: another attention.
        map_location: where the model goes.

    Returns:
        The model, and its name for files.

    Raises:
        ConfigError: not exactly one of the two is given.
    """
    path, name = value_at(cfg, "model_path"), value_at(cfg, "pretrained_name")
    if (path is None) == (name is None):
        raise ConfigError(f"model_path is {path} and pretrained_name {name}. Give one of them.")
    if path is not None:
        model = ASRModel.restore_from(path, map_location=map_location)
    else:
        model = ASRModel.from_pretrained(name, map_location=map_location)
    attention = value_at(cfg, "model_change.conformer.self_attention_model")
    context = value_at(cfg, "model_change.conformer.att_context_size")
    if attention is not None or context is not None:
        model.change_attention_model(attention, context)
    return model.eval(), Path(path).stem if path is not None else name.replace("/", "_")
