"""The way from text to tokens that synthesis models share: normalisation where there is some, then the tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from nemo.collections.tts.text.labels_tokenizer import LabelsTokenizer
from nemo.collections.tts.text.normalization.choice import build_normalizer
from nemo.core.classes.serialization import instantiate
from nemo.utils.exceptions import ConfigError

FILES = ("g2p.phoneme_dict", "g2p.heteronyms", "g2p.mapping_file")
"""Keys of `text_tokenizer` that name files, which archives keep."""
NORMALIZER_FILES = ("whitelist",)
"""The same of `text_normalizer`."""


def build_text_tokenizer(model: Any) -> Any:
    """The tokenizer of `model.cfg.text_tokenizer`; the files that it names become artifacts of the model.

    Models of releases before 1.8 have the characters in `model.cfg.labels` instead.

    The model gets its `text_normalizer_call`, too: text -> text in words, None without a `text_normalizer`.

    Raises:
        ConfigError: there is no such section.
        FileNotFoundError: a file that it names is not there.
    """
    labels = model.cfg.get("labels")
    if model.cfg.get("text_tokenizer") is None and labels is None:
        raise ConfigError(
            "model.text_tokenizer is missing. Expected a tokenizer, such as {_target_: "
            "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.EnglishCharsTokenizer}."
        )
    normalizer = model.cfg.get("text_normalizer")
    model.text_normalizer_call = build_normalizer(
        None if normalizer is None else _with_artifacts(model, "text_normalizer", NORMALIZER_FILES),
        model.cfg.get("text_normalizer_call_kwargs"),
    )
    if model.cfg.get("text_tokenizer") is None:
        return LabelsTokenizer(list(labels))
    return instantiate(_with_artifacts(model, "text_tokenizer", FILES), "model.text_tokenizer")


def parse_text(model: Any, text: str, normalize: bool = True) -> Tensor:
    """The tokens [1, U] of a text, on the model's device.

    Args:
        model: a model with a `vocab`.
        text: what is to be said.
        normalize: write out numbers and abbreviations first, where the model has a `text_normalizer`.

    Raises:
        ConfigError: nothing of the text is in the tokenizer's vocabulary.
    """
    vocab = model.vocab
    spoken = model.text_normalizer_call(text) if normalize and model.text_normalizer_call is not None else text
    tokens = vocab.encode(spoken)
    if all(token == vocab.space for token in tokens):
        known = ", ".join(map(repr, vocab.tokens[:40])) + (", ..." if len(vocab.tokens) > 40 else "")
        raise ConfigError(
            f"The text {text!r} has nothing that can be spoken. Expected symbols of the model's tokenizer ({known}); "
            "write it with these."
        )
    return torch.tensor(tokens, dtype=torch.long, device=model.device)[None]


def _with_artifacts(model: Any, name: str, keys: Sequence[str]) -> DictConfig:
    """A copy of a section, with the files under some of its keys made artifacts."""
    section = DictConfig(OmegaConf.to_container(model.cfg[name], resolve=True))
    for key in keys:
        path = OmegaConf.select(section, key)
        if isinstance(path, str):
            OmegaConf.update(section, key, model.register_artifact(f"{name}.{key}", path))
    return section
