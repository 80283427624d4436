"""The `tokenizer` section of a speech model's config -> a tokenizer and the model's vocabulary."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nemo.collections.common.tokenizers.aggregate_tokenizer import AggregateTokenizer
from nemo.collections.common.tokenizers.sentencepiece_tokenizer import SentencePieceTokenizer
from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.common.tokenizers.wordpiece_tokenizer import WordPieceTokenizer
from nemo.core.classes.serialization import locate
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

RegisterArtifact = Callable[..., "str | None"]
"""`register_artifact(config_path, src, verify_src_exists=True)`: keeps a file with the model, returns where it lies."""

FILE_NAMES = {"model_path": "tokenizer.model", "vocab_path": "vocab.txt", "spe_tokenizer_vocab": "tokenizer.vocab"}
"""Key of a section -> usual name of the file."""
_WORDPIECE_OPTIONS = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_KINDS = "bpe (SentencePiece), wpe (WordPiece) or agg (one tokenizer for each language)"


@dataclass(frozen=True)
class BuiltTokenizer:
    """A tokenizer, and what a model needs to know of it."""

    tokenizer: TokenizerSpec
    vocabulary: list[str]
    """Every piece, in the order of the ids: the labels of the model's outputs without the blank."""
    type: str
    """bpe, wpe or agg."""


def build_tokenizer(
    cfg: Mapping[str, Any], register_artifact: RegisterArtifact | None = None, config_path: str = "tokenizer"
) -> BuiltTokenizer:
    """Builds the tokenizer of a config section.

    Args:
        cfg: ``{dir, type: bpe | wpe, [model_path, vocab_path, spe_tokenizer_vocab], [hf_kwargs]}``; a file that is not
            named lies in `dir` under its usual name. Or ``{type: agg, langs: {en: {dir, type}, de: ...}}``. With
            ``custom_tokenizer: {_target_: CLASS}`` that class takes the place of the usual one: it is called with
            `tokenizers` (language -> tokenizer) for agg, and with the path of its file for the others.
        register_artifact: the model's, so that the files travel in its archive; None reads them where they are.
        config_path: where the section stands in the model's config.

    Raises:
        ConfigError: the type is missing or unknown, special tokens are asked for, or a file is not what it should be.
        FileNotFoundError: a file is missing; the message says where it was looked for.
    """
    kind = _kind(cfg, config_path)
    if kind == "agg":
        return _aggregate(cfg, register_artifact, config_path)
    files = _TokenizerFiles(cfg, register_artifact, config_path)
    if kind == "bpe":
        return _sentencepiece(cfg, files, config_path)
    return _wordpiece(cfg, files, config_path)


def _kind(cfg: Mapping[str, Any], config_path: str) -> str:
    """The checked type of a section."""
    kind = cfg.get("type")
    if kind is None:
        raise ConfigError(
            f"{config_path}.type is not set. Expected {_KINDS}; set it, and {config_path}.dir to the folder that "
            "process_asr_text_tokenizer.py wrote."
        )
    if cfg.get("special_tokens") is not None:
        raise ConfigError(
            f"{config_path}.special_tokens is {cfg['special_tokens']}. A speech model's special tokens are part of its "
            "tokenizer's model; train the tokenizer with them and set special_tokens to null."
        )
    if str(kind).lower() not in ("bpe", "wpe", "agg"):
        raise ConfigError(f"{config_path}.type is {kind!r}. Expected {_KINDS}; set it to the kind that was trained.")
    return str(kind).lower()


def _aggregate(cfg: Mapping[str, Any], register: RegisterArtifact | None, config_path: str) -> BuiltTokenizer:
    """One tokenizer for each language, in the order of the section; ids follow that order."""
    sections = cfg.get("langs")
    if not isinstance(sections, Mapping) or not sections:
        raise ConfigError(
            f"{config_path}.langs is {sections!r}. Expected a tokenizer for each language, langs: "
            "{en: {dir: FOLDER, type: bpe}, de: ...}; add them, or set type to bpe or wpe."
        )
    tokenizers = {}
    for language, section in sections.items():
        place = f"{config_path}.langs.{language}"
        if not isinstance(section, Mapping):
            raise ConfigError(f"{place} is {section!r}. Expected {{dir: FOLDER, type: bpe}}; mend it.")
        if _kind(section, place) == "agg":
            raise ConfigError(f"{place}.type is agg. A language has one tokenizer, bpe or wpe; set its type.")
        tokenizers[str(language)] = build_tokenizer(section, register, place).tokenizer
    tokenizer = _custom(cfg, config_path, tokenizers=tokenizers) or AggregateTokenizer(tokenizers)
    return BuiltTokenizer(tokenizer, [str(piece) for piece in tokenizer.vocab], "agg")


def _custom(cfg: Mapping[str, Any], config_path: str, **arguments: Any) -> Any:
    """A tokenizer of the class that the section names, or None."""
    section = cfg.get("custom_tokenizer")
    if section is None:
        return None
    place = f"{config_path}.custom_tokenizer"
    if not isinstance(section, Mapping) or not section.get("_target_"):
        raise ConfigError(f"{place} is {section!r}. Expected {{_target_: CLASS}}; name the class, or leave it out.")
    try:
        found = locate(str(section["_target_"]))
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{place}._target_ cannot be imported: {error}. Expected package.module.Class.") from error
    if not (isinstance(found, type) and issubclass(found, TokenizerSpec)):
        raise ConfigError(f"{place}._target_ is {section['_target_']}, which is no tokenizer (TokenizerSpec); mend it.")
    more = {str(key): value for key, value in section.items() if key != "_target_" and key not in arguments}
    return found(**arguments, **more)


def save_tokenizer_files(paths: Mapping[str, str], directory: str | os.PathLike[str]) -> None:
    """Copies the files of a tokenizer under their usual names; those of several languages get a folder each.

    Args:
        paths: ``tokenizer.model_path`` or ``tokenizer.langs.<language>.model_path`` -> path, and so on for the others.
        directory: gets the files; it may be `dir` of a section from then on.
    """
    for config_path, source in paths.items():
        place, _, key = config_path.rpartition(".")
        if key not in FILE_NAMES:
            continue
        folder = Path(directory)
        if ".langs." in place:
            folder /= place.rpartition(".langs.")[2]
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / FILE_NAMES[key]) as target:
            target.write_bytes(Path(source).read_bytes())


class _TokenizerFiles:
    """Finds the files of a tokenizer and keeps them with the model."""

    def __init__(self, cfg: Mapping[str, Any], register: RegisterArtifact | None, config_path: str) -> None:
        self._cfg = cfg
        self._register = register
        self._config_path = config_path

    def needed(self, key: str) -> str:
        """Path of the file that `key` names, or of the one with the usual name in the tokenizer's folder."""
        name = FILE_NAMES[key]
        source = self._source(key, name)
        if source is None:
            raise ConfigError(
                f"{self._config_path} has neither {key} nor dir. Set {self._config_path}.dir to the folder with {name}."
            )
        try:
            path = self._registered(key, source)
        except FileNotFoundError as error:
            raise FileNotFoundError(self._missing(key, name, source)) from error
        if path is None or not os.path.isfile(path):
            raise FileNotFoundError(self._missing(key, name, source))
        return path

    def optional(self, key: str) -> str | None:
        """As :meth:`needed`, but None where there is no such file."""
        source = self._source(key, FILE_NAMES[key])
        if source is None or not (source.startswith("nemo:") or os.path.isfile(source)):
            return None
        return self._registered(key, source)

    def _source(self, key: str, name: str) -> str | None:
        if self._cfg.get(key):
            return str(self._cfg[key])
        folder = self._cfg.get("dir")
        return os.path.join(os.path.expanduser(str(folder)), name) if folder else None

    def _registered(self, key: str, source: str) -> str | None:
        if self._register is None:
            return source
        return self._register(f"{self._config_path}.{key}", source)

    def _missing(self, key: str, name: str, source: str) -> str:
        return (
            f"The tokenizer file {name} was not found; looked at {source} (from {self._config_path}."
            f"{key if self._cfg.get(key) else 'dir'}, working folder {os.getcwd()}). Set {self._config_path}.dir to "
            "the folder that holds it, or restore the model from a .nemo archive, which carries it."
        )


class _SpeechProcessor:
    """A SentencePiece processor with the two names that speech models' users read from it."""

    def __init__(self, processor: Any, vocabulary: list[str]) -> None:
        self._processor = processor
        self._vocabulary = vocabulary
        self.vocab_size = len(vocabulary)
        self.all_special_tokens: dict[str, int] = {}

    def get_vocab(self) -> dict[str, int]:
        """Piece -> id + 1, as the original counts."""
        return {piece: index + 1 for index, piece in enumerate(self._vocabulary)}

    def __len__(self) -> int:
        return len(self._vocabulary)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_processor":
            raise AttributeError(name)
        return getattr(self._processor, name)


def _sentencepiece(cfg: Mapping[str, Any], files: _TokenizerFiles, config_path: str) -> BuiltTokenizer:
    model = files.needed("model_path")
    files.optional("vocab_path")
    files.optional("spe_tokenizer_vocab")
    tokenizer = _custom(cfg, config_path, model_path=model) or SentencePieceTokenizer(model)
    vocabulary = [str(piece) for piece in tokenizer.vocab]
    if isinstance(tokenizer, SentencePieceTokenizer):
        tokenizer.tokenizer = _SpeechProcessor(tokenizer.tokenizer, vocabulary)
    return BuiltTokenizer(tokenizer, vocabulary, "bpe")


def _wordpiece(cfg: Mapping[str, Any], files: _TokenizerFiles, config_path: str) -> BuiltTokenizer:
    options = dict(cfg.get("hf_kwargs") or {})
    known = {key: options.pop(key) for key in ("do_lower_case", *_WORDPIECE_OPTIONS) if options.get(key) is not None}
    ignored = sorted(set(options) - {"use_fast"})
    if ignored:
        logger.warning("%s.hf_kwargs: %s mean nothing to WordPiece and are ignored", config_path, ", ".join(ignored))
    vocabulary_file = files.needed("vocab_path")
    tokenizer = _custom(cfg, config_path, vocab_file=vocabulary_file, **known)
    tokenizer = tokenizer or WordPieceTokenizer(vocabulary_file, **known)
    return BuiltTokenizer(tokenizer, [str(piece) for piece in tokenizer.vocab], "wpe")
