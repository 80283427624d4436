"""What Mixer-TTS-X takes of a text model: its tokens, and a vector for each. It never runs the model itself."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from torch import nn

from nemo.collections.common.text_encoders.lm import published_network
from nemo.collections.common.text_encoders.model_parts import folder_of_process
from nemo.collections.common.tokenizers.auto_tokenizer import AutoTokenizer
from nemo.core.archive.targets import active_policy
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

NAMES = {"albert": "albert-base-v2"}
"""Short names of the original's configs -> names on the Hub."""
SIZES = {"albert-base-v2": (30000, 128, 0)}
"""Name -> number of tokens, width of their embeddings, the token that is padding; archives of the original say none."""
FILES = {
    "vocab.txt": "vocab_file",
    "vocab.json": "vocab_file",
    "merges.txt": "merges_file",
    "tokenizer.json": "tokenizer_file",
}
"""Files of tokenizers -> the keys that name them."""
WORD_START = "▁"
"""A token of its own in vocabularies that mark where words begin."""


@dataclass
class LanguageModelConfig:
    """`language_model` section; all but the name is filled in by the model itself."""

    pretrained_model_name: str | None = None
    """On the Hub, or a folder; null: `train_ds.dataset.lm_model`."""
    num_embeddings: int | None = None
    """Number of tokens."""
    embedding_dim: int | None = None
    padding_idx: int | None = None
    """The token that is padding."""
    tokenizer_file: str | None = None
    """`tokenizer.json`; a model's archive has this file, or the next two."""
    vocab_file: str | None = None
    merges_file: str | None = None


class LanguageModelTokenizer:
    """Texts as tokens of a text model.

    Args:
        name: of the model: on the Hub, or a folder.
        tokenizer_file: its `tokenizer.json`; then nothing else is looked for.
        vocab_file: its vocabulary; the same.
        merges_file: its merges, beside the vocabulary.

    Raises:
        FileNotFoundError: it is nowhere, or on the Hub, which may not be asked.
        ConfigError: `tokenizer_file` is none.
        MissingDependencyError: the package that reads it is not installed.
    """

    def __init__(
        self,
        name: str,
        tokenizer_file: str | None = None,
        vocab_file: str | None = None,
        merges_file: str | None = None,
    ) -> None:
        self._tokenizer: Any = None
        if tokenizer_file is None:
            self._tokenizer = AutoTokenizer(NAMES.get(name, name), vocab_file, merges_file)
            vocab = self._tokenizer.tokenizer.get_vocab()
            self._backend = getattr(self._tokenizer.tokenizer, "backend_tokenizer", None)
        else:
            self._backend = _read(tokenizer_file)
            vocab = self._backend.get_vocab()
        self.word_start: int | None = vocab.get(WORD_START)
        """The token that is nothing but the start of a word, if there is one."""

    @property
    def padding_idx(self) -> int | None:
        """The token that is padding, as far as the tokenizer says."""
        return None if self._tokenizer is None else self._tokenizer.tokenizer.pad_token_id

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without those that mark its start and end."""
        if self._backend is not None:
            return list(self._backend.encode(text, add_special_tokens=False).ids)
        return list(self._tokenizer.text_to_ids(text))

    def around_silence(self, text: str) -> list[int]:
        """The same with a start of a word before and after, as text tokenizers with `pad_with_space` have spaces."""
        edge = [] if self.word_start is None else [self.word_start]
        return [*edge, *self.encode(text), *edge]

    def save(self, folder: Path) -> list[Path]:
        """Writes the files from which it can be built again."""
        if self._backend is None:
            return [Path(path) for path in self._tokenizer.save_vocabulary(str(folder))]
        path = folder / "tokenizer.json"
        self._backend.save(str(path))
        return [path]


def tokens_for_lm(tokenizer: LanguageModelTokenizer, text_tokenizer: Any, text: str) -> list[int]:
    """The tokens of a text as the model hears it: spelled as the text tokenizer spells, with its silence around it."""
    spelled = getattr(text_tokenizer, "text_preprocessing_func", str)(text)
    has_silence = getattr(text_tokenizer, "pad_with_space", False)
    return tokenizer.around_silence(spelled) if has_silence else tokenizer.encode(spelled)


def build_lm_tokenizer(model: Any) -> LanguageModelTokenizer:
    """The tokenizer of `model.cfg.language_model`; its files become artifacts of the model."""
    files = keep_lm_files(model)
    tokenizer = LanguageModelTokenizer(model.cfg.language_model.pretrained_model_name, **files)
    if not files:
        for path in tokenizer.save(Path(tempfile.mkdtemp(dir=folder_of_process()))):
            if path.name in FILES:
                model.register_artifact(f"language_model.{FILES[path.name]}", str(path))
    return tokenizer


def keep_lm_files(model: Any) -> dict[str, str]:
    """Makes the tokenizer's files that a config names artifacts of the model; returns their paths by key."""
    section = model.cfg.language_model
    named = {key: section[key] for key in dict.fromkeys(FILES.values()) if section[key]}
    return {key: model.register_artifact(f"language_model.{key}", path) for key, path in named.items()}


def build_lm_embeddings(model: Any) -> nn.Embedding:
    """The embeddings of `model.cfg.language_model`, which are not learnt; fills in their sizes.

    Where the sizes are given, as in archives, the vectors are left to be loaded.

    Raises:
        ConfigError: the text model is not to be had, or has no padding.
    """
    if not keep_lm_files(model) and active_policy() is None:
        model.lm_tokenizer  # noqa: B018  # building it finds its files, which belong into archives
    section = model.cfg.language_model
    name = NAMES.get(section.pretrained_model_name, section.pretrained_model_name)
    sizes = (section.num_embeddings, section.embedding_dim, section.padding_idx)
    if None in sizes and active_policy() is not None and name in SIZES:
        sizes = SIZES[name]
    if None not in sizes:
        embeddings = nn.Embedding(sizes[0], sizes[1], padding_idx=sizes[2])
    else:
        found = published_network(name, "AutoModel", "model.language_model.pretrained_model_name")
        padding = model.lm_tokenizer.padding_idx
        if padding is None:
            raise ConfigError(f"The tokenizer of {name} has no padding. Expected one with; take another text model.")
        embeddings = nn.Embedding.from_pretrained(
            found.get_input_embeddings().weight.detach().clone(), padding_idx=padding
        )
    filled = {
        "num_embeddings": embeddings.num_embeddings,
        "embedding_dim": embeddings.embedding_dim,
        "padding_idx": embeddings.padding_idx,
    }
    model.cfg = OmegaConf.merge(model.cfg, {"language_model": filled})
    return embeddings.requires_grad_(False)


def _read(path: str) -> Any:
    tokenizers = require("tokenizers", extra="nlp", purpose="A text model's tokenizer")
    try:
        return tokenizers.Tokenizer.from_file(path)
    except Exception as error:  # the package raises nothing more exact
        raise ConfigError(
            f"language_model.tokenizer_file {path} is no tokenizer ({error}). Expected the tokenizer.json of a text "
            "model; mend the path."
        ) from error
