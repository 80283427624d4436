"""The tokenizer of a subword model: built from its config, its files kept in the archive, exchanged for another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.collections.common.tokenizers.from_config import BuiltTokenizer, build_tokenizer, save_tokenizer_files
from nemo.utils.exceptions import ConfigError


def build_model_tokenizer(model: Any, instead: str) -> BuiltTokenizer:
    """The tokenizer of `model.cfg.tokenizer`; its files become artifacts of the model.

    Args:
        model: the model.
        instead: the class to use without a tokenizer, for the message.

    Raises:
        ConfigError: there is no such section, or it is not possible.
    """
    if model.cfg.get("tokenizer") is None:
        raise ConfigError(
            "model.tokenizer is missing. Expected {dir: FOLDER, type: bpe or wpe}, or {type: agg, langs: ...}; "
            f"train one with scripts/tokenizers/process_asr_text_tokenizer.py, or use {instead} with labels."
        )
    return build_tokenizer(model.cfg.tokenizer, model.register_artifact)


def exchange_tokenizer(
    model: Any, new_tokenizer_dir: Any, new_tokenizer_type: str, check: Callable[[Any], None] | None = None
) -> BuiltTokenizer:
    """Makes another tokenizer the model's: its section and its artifacts.

    Args:
        model: the model.
        new_tokenizer_dir: folder of the tokenizer's files, or a whole `tokenizer` section.
        new_tokenizer_type: bpe, wpe, or agg for a section with `langs`.
        check: raises an error if the model cannot use the tokenizer.

    Raises:
        ConfigError, FileNotFoundError: the folder does not hold such a tokenizer; the model is then as it was.
    """
    given: Any = new_tokenizer_dir if isinstance(new_tokenizer_dir, DictConfig) else {"dir": str(new_tokenizer_dir)}
    config = OmegaConf.create({**given, "type": new_tokenizer_type})
    built = build_tokenizer(config)  # fails here, before anything has changed
    if check is not None:
        check(built.tokenizer)
    model.artifacts = {key: item for key, item in model.artifacts.items() if not key.startswith("tokenizer.")}
    model._replace_sections(tokenizer=config)
    return build_tokenizer(config, model.register_artifact)


def save_model_tokenizers(model: Any, directory: str) -> None:
    """Writes the files of a model's tokenizer to a folder, those of several languages to a folder of it for each."""
    save_tokenizer_files({key: item.path for key, item in model.artifacts.items()}, directory)
