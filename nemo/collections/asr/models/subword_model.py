"""Speech recognition over the pieces of a tokenizer: it is built from the config, kept in the archive, exchanged."""

from __future__ import annotations

import functools
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.collections.asr.models.asr_model import ASRModel
from nemo.collections.common.tokenizers.from_config import BuiltTokenizer, build_tokenizer, save_tokenizer_files
from nemo.utils.exceptions import ConfigError


class SubwordModel(ASRModel):
    """Base of models whose config has a `tokenizer` section; its files are artifacts of the model."""

    without_tokenizer = "EncDecCTCModel"
    """The class for those who have labels and no tokenizer, for the message."""

    @functools.cached_property
    def _built_tokenizer(self) -> BuiltTokenizer:
        """Built on first use, because the base class already needs it for its loaders."""
        if self.cfg.get("tokenizer") is None:
            raise ConfigError(
                "model.tokenizer is missing. Expected {dir: FOLDER, type: bpe or wpe}, or {type: agg, langs: ...}; "
                "train one with scripts/tokenizers/process_asr_text_tokenizer.py, or use "
                f"{self.without_tokenizer} with labels."
            )
        return build_tokenizer(self.cfg.tokenizer, self.register_artifact)

    @property
    def tokenizer(self) -> Any:
        """The tokenizer: a ``TokenizerSpec``."""
        return self._built_tokenizer.tokenizer

    def save_tokenizers(self, directory: str) -> None:
        """Writes the files of the tokenizer to a folder, those of several languages to a folder of it for each."""
        save_tokenizer_files({key: item.path for key, item in self.artifacts.items()}, directory)

    def change_vocabulary(self, new_tokenizer_dir: Any, new_tokenizer_type: str, decoding_cfg: Any = None) -> None:
        """Gives the model another tokenizer, and all that depends on its pieces anew, untrained.

        Args:
            new_tokenizer_dir: folder of the tokenizer's files, or a whole `tokenizer` section.
            new_tokenizer_type: bpe, wpe, or agg for a section with `langs`.
            decoding_cfg: a `decoding` section; None keeps the present one.

        Raises:
            ConfigError, FileNotFoundError: the folder does not hold such a tokenizer; the model is then as it was.
        """
        self._exchange_tokenizer(new_tokenizer_dir, new_tokenizer_type)
        self._change_outputs(self._built_tokenizer.vocabulary, decoding_cfg)

    def _exchange_tokenizer(self, new_tokenizer_dir: Any, new_tokenizer_type: str) -> None:
        """Makes another tokenizer the model's, with its section and its artifacts; arguments of `change_vocabulary`.

        Raises:
            ConfigError, FileNotFoundError: the folder does not hold such a tokenizer; the model is then as it was.
        """
        given: Any = new_tokenizer_dir if isinstance(new_tokenizer_dir, DictConfig) else {"dir": str(new_tokenizer_dir)}
        config = OmegaConf.create({**given, "type": new_tokenizer_type})
        self._check_tokenizer(build_tokenizer(config).tokenizer)  # fails here, before anything has changed
        self.artifacts = {key: item for key, item in self.artifacts.items() if not key.startswith("tokenizer.")}
        self._replace_sections(tokenizer=config)
        self._built_tokenizer = build_tokenizer(config, self.register_artifact)

    def _check_tokenizer(self, tokenizer: Any) -> None:
        """Raises ConfigError if the model cannot use a tokenizer."""

    def _build_loader(self, section: DictConfig, where: str) -> Any:
        evaluation = where != "model.train_ds"
        return build_audio_to_text_loader(section, tokenizer=self.tokenizer, where=where, evaluation=evaluation)
