"""The tokenizer and the encoder of a model's `tokenizer` and `language_model`; their files become its artifacts."""

from __future__ import annotations

import atexit
import functools
import hashlib
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.collections.common.text_encoders.encoder import BertEncoder
from nemo.collections.common.text_encoders.lm import get_lm_model
from nemo.collections.common.tokenizers.by_name import get_tokenizer
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

TOKENIZER_FILES = ("vocab_file", "merges_file", "tokenizer_model")
"""Keys of a `tokenizer` section that name files; they travel in the archive."""


def has_tokenizer(cfg: DictConfig) -> bool:
    """Whether a model's config names a tokenizer."""
    return cfg.get("tokenizer") is not None and cfg.tokenizer.get("tokenizer_name") is not None


def build_tokenizer(model: Any, section: Any) -> Any:
    """The tokenizer of a section `tokenizer`.

    Args:
        model: gets the tokenizer's files as artifacts.
        section: `tokenizer_name`, and the files and special tokens that belong to it.

    Raises:
        ConfigError: a file that is named is not there.
    """
    keys = (*TOKENIZER_FILES, "use_fast", "bpe_dropout")
    given = {key: section.get(key) for key in keys if section.get(key)}
    for key in TOKENIZER_FILES:
        if given.get(key):
            found = model.register_artifact(f"tokenizer.{key}", str(given[key]), verify_src_exists=False)
            if found is None:
                raise ConfigError(
                    f"model.tokenizer.{key} is {given[key]}, which does not exist. Expected the path of a file; "
                    "check it, or set it to null for that of the published model."
                )
            given[key] = found
    special_tokens = section.get("special_tokens")
    if OmegaConf.is_config(special_tokens):
        special_tokens = OmegaConf.to_container(special_tokens, resolve=True)
    tokenizer = get_tokenizer(str(section["tokenizer_name"]), special_tokens=special_tokens, **given)
    if not any(given.get(key) for key in TOKENIZER_FILES):
        _register_vocabulary(model, tokenizer)
    return tokenizer


def build_encoder(model: Any) -> BertEncoder:
    """The encoder of `model.cfg.language_model`; its config file, if it names one, becomes an artifact of the model."""
    section = model.cfg.language_model
    config_file = section.get("config_file")
    if config_file:
        config_file = model.register_artifact(
            "language_model.config_file", str(config_file), verify_src_exists=False
        ) or str(config_file)
    return get_lm_model(config_dict=section.get("config"), config_file=config_file, cfg=model.cfg)


def register_encoder_config(model: Any, encoder: BertEncoder) -> None:
    """Makes an encoder's config an artifact of a model, so that the archive describes it whole."""
    if "language_model.config_file" in model.artifacts:
        return
    content = encoder.config.to_json_string(use_diff=False)
    folder = folder_of_process() / hashlib.sha256(content.encode("utf-8")).hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    with atomic_write(folder / "_encoder_config.json") as temporary:
        temporary.write_text(content, encoding="utf-8")
    model.register_artifact("language_model.config_file", str(folder / "_encoder_config.json"))


def _register_vocabulary(model: Any, tokenizer: Any) -> None:
    """Makes the files of a published tokenizer the model's own, so that its archive needs no cache."""
    folder = Path(tempfile.mkdtemp(dir=folder_of_process()))
    try:
        files = [Path(file) for file in tokenizer.save_vocabulary(str(folder)) or ()]
    except (NotImplementedError, ValueError) as error:
        logger.warning("the tokenizer cannot write its vocabulary; the archive will lack it: %s", error)
        return
    for key, names in (("vocab_file", ("vocab.txt", "vocab.json")), ("merges_file", ("merges.txt",))):
        for file in files:
            if file.name in names:
                model.register_artifact(f"tokenizer.{key}", str(file))


@functools.cache
def folder_of_process() -> Path:
    """Where files are written that belong to models of this process; removed at its end."""
    folder = tempfile.mkdtemp(prefix="nemo_text_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
