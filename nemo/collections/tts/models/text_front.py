"""The way from text to tokens that synthesis models share: normalisation where there is some, then the tokenizer."""

from __future__ import annotations

import logging
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from nemo.core.classes.serialization import instantiate
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

FILES = ("g2p.phoneme_dict", "g2p.heteronyms")
"""Keys of `text_tokenizer` that name files, which archives keep."""


def build_text_tokenizer(model: Any) -> Any:
    """The tokenizer of `model.cfg.text_tokenizer`; the files that it names become artifacts of the model.

    Raises:
        ConfigError: there is no such section.
    """
    section = model.cfg.get("text_tokenizer")
    if section is None:
        raise ConfigError(
            "model.text_tokenizer is missing. Expected a tokenizer, such as {_target_: "
            "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.EnglishCharsTokenizer}."
        )
    section = DictConfig(OmegaConf.to_container(section, resolve=True))
    for key in FILES:
        path = OmegaConf.select(section, key)
        if isinstance(path, str):
            OmegaConf.update(section, key, model.register_artifact(f"text_tokenizer.{key}", path))
    return instantiate(section, "model.text_tokenizer")


def parse_text(model: Any, text: str) -> Tensor:
    """The tokens [1, U] of a text, on the model's device.

    Raises:
        ConfigError: nothing of the text is in the tokenizer's vocabulary.
    """
    tokens = model.vocab.encode(text)
    if not tokens:
        raise ConfigError(f"The text {text!r} has nothing that can be spoken. Expected letters of the tokenizer.")
    return torch.tensor(tokens, dtype=torch.long, device=model.device)[None]
