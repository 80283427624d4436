"""The `language_model` section, which all models on a text encoder have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class LanguageModelConfig:
    """Which encoder, and its first weights; see :func:`nemo.collections.common.text_encoders.lm.get_lm_model`."""

    pretrained_model_name: str | None = None
    """Name on the Hub, or a folder; with sizes it only says the kind of encoder."""
    lm_checkpoint: str | None = None
    """Weights to load: a `.nemo` archive, a checkpoint or a state dict."""
    config_file: str | None = None
    """JSON file with the encoder's sizes, which then starts from random weights."""
    config: Any = None
    """The same, in place."""
    max_seq_length: int | None = None
    """Not used; archives have it."""
