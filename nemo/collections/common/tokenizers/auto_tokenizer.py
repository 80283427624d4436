"""Tokenizers of published text models, by the name of the model: from local files, the Hub's cache, or the Hub."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nemo.collections.common.tokenizers.local_tokenizer import LocalTokenizer, tokenizer_from_files
from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec, as_list
from nemo.collections.common.tokenizers.vocabulary_file import read_json
from nemo.core.archive.targets import active_policy
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

WORDPIECE_FILES = ("vocab.txt",)
BPE_FILES = ("vocab.json", "merges.txt")
_KNOWN_NAMES = (
    # a name -> its files, and the account under which the Hub has it now
    (re.compile(r"(google-bert/)?bert-(base|large)-(multilingual-)?(un)?cased.*"), WORDPIECE_FILES, "google-bert"),
    (re.compile(r"(distilbert/)?distilbert-base-(multilingual-)?(un)?cased"), WORDPIECE_FILES, "distilbert"),
    (re.compile(r"(openai-community/)?gpt2(-medium|-large|-xl)?"), BPE_FILES, "openai-community"),
    (re.compile(r"(distilbert/)?(distilgpt2|distilroberta-base)"), BPE_FILES, "distilbert"),
    (re.compile(r"(FacebookAI/)?roberta-(base|large)(-openai-detector|-mnli)?"), BPE_FILES, "FacebookAI"),
    (re.compile(r"facebook/bart-(base|large)(-cnn|-mnli|-xsum)?"), BPE_FILES, "facebook"),
)
_KINDS_OF_FILES = {
    **dict.fromkeys(
        ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"), WORDPIECE_FILES
    ),
    **dict.fromkeys(("GPT2Tokenizer", "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer"), BPE_FILES),
}
"""`tokenizer_class` of a tokenizer_config.json -> the files that we read ourselves."""


class AutoTokenizer(TokenizerSpec):
    """The tokenizer of a published text model.

    Files that are given, a local folder, and models of the families BERT, GPT-2, RoBERTa and BART are read without
    further packages; other models need the package transformers. The Hub is asked only for a model that is not in its
    cache, never with ``HF_HUB_OFFLINE=1``, and never while an archive is restored.

    Args:
        pretrained_model_name: name on the Hub, or a folder.
        vocab_file: ``vocab.txt`` or ``vocab.json``; then nothing else is looked for.
        merges_file: ``merges.txt``, which belongs to a ``vocab.json``.
        mask_token: takes the place of the model's own, as the following ones; one that the vocabulary lacks gets an id
            after all others.
        bos_token: start of a text; without one the classification token stands for it, and the other way round.
        eos_token: end of a text; without one the separator stands for it, and the other way round.
        pad_token: padding.
        sep_token: separator.
        cls_token: classification.
        unk_token: unknown word.
        additional_special_tokens: tokens without a role that stay whole.
        use_fast: for transformers: take the variant in Rust.
        trust_remote_code: must be False: programs from the Hub are not run.

    Raises:
        FileNotFoundError: there are no such files, here or in the cache, and the Hub may not be asked.
        MissingDependencyError: the model needs transformers.
        ConfigError: a file is not what it should be, or `trust_remote_code` is set.
    """

    def __init__(
        self,
        pretrained_model_name: str,
        vocab_file: str | os.PathLike[str] | None = None,
        merges_file: str | os.PathLike[str] | None = None,
        mask_token: str | None = None,
        bos_token: str | None = None,
        eos_token: str | None = None,
        pad_token: str | None = None,
        sep_token: str | None = None,
        cls_token: str | None = None,
        unk_token: str | None = None,
        additional_special_tokens: Sequence[str] | None = None,
        use_fast: bool = False,
        trust_remote_code: bool = False,
    ) -> None:
        if trust_remote_code:
            raise ConfigError(
                f"trust_remote_code is set for {pretrained_model_name}: a program from the Hub would be run. Expected "
                "False; save the tokenizer's files after reading that program, and give their folder."
            )
        self.pretrained_model_name = str(pretrained_model_name)
        if vocab_file is not None:
            self.tokenizer: Any = tokenizer_from_files(
                vocab_file, merges_file, lower_case=_is_lower_case(self.pretrained_model_name, Path(vocab_file).parent)
            )
        else:
            self.tokenizer = _find(self.pretrained_model_name, use_fast)
        given = {
            "mask_token": mask_token,
            "bos_token": bos_token,
            "eos_token": eos_token,
            "pad_token": pad_token,
            "sep_token": sep_token,
            "cls_token": cls_token,
            "unk_token": unk_token,
        }
        roles: dict[str, Any] = {role: token for role, token in given.items() if token is not None}
        for role, other in (("sep", "eos"), ("eos", "sep"), ("cls", "bos"), ("bos", "cls")):
            stand_in = getattr(self.tokenizer, f"{other}_token", None)
            if f"{role}_token" not in roles and getattr(self.tokenizer, f"{role}_token", None) is None and stand_in:
                roles[f"{role}_token"] = stand_in
        if additional_special_tokens:
            roles["additional_special_tokens"] = list(additional_special_tokens)
        self.add_special_tokens(roles)

    @property
    def vocab_size(self) -> int:
        """Number of tokens, with those added."""
        return len(self.tokenizer)

    @property
    def vocab(self) -> list[str]:
        """Every token, in the order of the ids."""
        ids = self.tokenizer.get_vocab()
        return sorted(ids, key=ids.__getitem__)

    @property
    def name(self) -> str:
        """The kind of tokenizer, as Hugging Face calls it: BertTokenizer."""
        return str(getattr(self.tokenizer, "name", None) or type(self.tokenizer).__name__)

    def add_special_tokens(self, special_tokens: Mapping[str, Any]) -> int:
        """Sets tokens of roles (``mask_token`` ...) and `additional_special_tokens`; returns how many were new."""
        new: int = self.tokenizer.add_special_tokens(dict(special_tokens)) if special_tokens else 0
        if new:
            logger.info("%d tokens are new: the model's embeddings must grow to %d", new, len(self.tokenizer))
        return new

    @property
    def additional_special_tokens_ids(self) -> list[int]:
        """Ids of the special tokens without a role."""
        return [self.token_to_id(token) for token in self.tokenizer.additional_special_tokens]

    def text_to_tokens(self, text: str) -> list[str]:
        """The tokens of `text`; none is added before or after."""
        return list(self.tokenizer.tokenize(text))

    def tokens_to_text(self, tokens: Sequence[str]) -> str:
        """The text of tokens."""
        return str(self.tokenizer.convert_tokens_to_string(list(tokens)))

    def token_to_id(self, token: str) -> int:
        """The id of one token."""
        return int(self.tokenizer.convert_tokens_to_ids([token])[0])

    def tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        """The id of each token; one id for a single token."""
        return (
            self.token_to_id(tokens) if isinstance(tokens, str) else self.tokenizer.convert_tokens_to_ids(list(tokens))
        )

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The token of each id."""
        return list(self.tokenizer.convert_ids_to_tokens(as_list(ids)))

    def text_to_ids(self, text: str) -> list[int]:
        """The ids of the tokens of `text`."""
        return list(self.tokenizer.convert_tokens_to_ids(self.text_to_tokens(text)))

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens."""
        special = set(self.tokenizer.all_special_tokens)
        return self.tokens_to_text([token for token in self.ids_to_tokens(ids) if token not in special])

    def save_vocabulary(self, save_directory: str, filename_prefix: str | None = None) -> Any:
        """Writes the files from which the tokenizer can be built again; returns their paths."""
        return self.tokenizer.save_vocabulary(save_directory, filename_prefix)

    def _role_id(self, role: str) -> int:
        token = getattr(self.tokenizer, role, None)
        if token is None:
            raise AttributeError(
                f"The tokenizer of {self.pretrained_model_name} has no {role}. Give one when you build it: {role}=..."
            )
        return self.token_to_id(token)

    @property
    def pad_id(self) -> int:
        """Id of padding."""
        return self._role_id("pad_token")

    @property
    def bos_id(self) -> int:
        """Id of the start of a text."""
        return self._role_id("bos_token")

    @property
    def eos_id(self) -> int:
        """Id of the end of a text."""
        return self._role_id("eos_token")

    @property
    def eod_id(self) -> int:
        """Id of the end of a document, which is the end of a text."""
        return self.eos_id

    @property
    def sep_id(self) -> int:
        """Id of the separator."""
        return self._role_id("sep_token")

    @property
    def cls_id(self) -> int:
        """Id of the classification token."""
        return self._role_id("cls_token")

    @property
    def unk_id(self) -> int:
        """Id of unknown words."""
        return self._role_id("unk_token")

    @property
    def mask_id(self) -> int:
        """Id of the mask."""
        return self._role_id("mask_token")


def _is_lower_case(name: str, folder: Path) -> bool:
    """Whether a BERT is of the uncased kind: as the file beside its vocabulary says, or its name."""
    settings = folder / "tokenizer_config.json"
    if settings.is_file():
        content = read_json(settings, "a tokenizer_config.json")
        if isinstance(content, dict) and isinstance(content.get("do_lower_case"), bool):
            return content["do_lower_case"]
    return "uncased" in name or "cased" not in name


def _find(name: str, use_fast: bool) -> Any:
    """The tokenizer of a folder or of a name on the Hub."""
    if os.path.isdir(name):
        return _of_folder(Path(name)) or _by_transformers(name, use_fast)
    known = next((row for row in _KNOWN_NAMES if row[0].fullmatch(name)), None)
    if known is None:
        return _by_transformers(name, use_fast)
    _, files, account = known
    paths = [_hub_file(name, account, file) for file in files]
    return tokenizer_from_files(*paths, lower_case=_is_lower_case(name, Path(paths[0]).parent))


def _of_folder(folder: Path) -> LocalTokenizer | None:
    """The tokenizer of a folder with files that we read; None for others."""
    kind = None
    if (folder / "tokenizer_config.json").is_file():
        content = read_json(folder / "tokenizer_config.json", "a tokenizer_config.json")
        kind = content.get("tokenizer_class") if isinstance(content, dict) else None
    for files in (WORDPIECE_FILES, BPE_FILES):
        is_ours = kind is None or _KINDS_OF_FILES.get(str(kind).removesuffix("Fast")) == files
        if is_ours and all((folder / file).is_file() for file in files):
            paths = [folder / file for file in files]
            return tokenizer_from_files(*paths, lower_case=_is_lower_case(folder.name, folder))
    return None


def _may_ask_hub() -> bool:
    """False while an archive is restored, and where the user said so."""
    from huggingface_hub import constants

    return active_policy() is None and not constants.HF_HUB_OFFLINE


def _hub_file(name: str, account: str, file: str) -> str:
    """A file of a model, from the Hub's cache or the Hub."""
    import huggingface_hub

    candidates = [name] if "/" in name else [f"{account}/{name}", name]
    for repository in candidates:
        cached = huggingface_hub.try_to_load_from_cache(repository, file)
        if isinstance(cached, str):
            return cached
    if not _may_ask_hub():
        raise FileNotFoundError(_nowhere(name, f"{file} of {' or '.join(candidates)}"))
    try:
        return str(huggingface_hub.hf_hub_download(candidates[0], file))
    except (OSError, ValueError) as error:  # the Hub's errors, of the network and of names
        raise FileNotFoundError(f"{_nowhere(name, file)} The Hub gave none: {error}") from error


def _nowhere(name: str, what: str) -> str:
    return (
        f"The tokenizer of {name} needs {what}, which is neither given nor in the Hub's cache. Expected vocab_file "
        "(and merges_file) with the paths of its files; or build it once where the Hub may be asked, without "
        "HF_HUB_OFFLINE and before an archive is restored, so that the cache has it."
    )


def _by_transformers(name: str, use_fast: bool) -> Any:
    transformers = require("transformers", extra="nlp", purpose=f"The tokenizer of {name}")
    options = {"use_fast": use_fast, "trust_remote_code": False}
    try:
        return transformers.AutoTokenizer.from_pretrained(name, local_files_only=True, **options)
    except (OSError, ValueError) as error:
        if not _may_ask_hub() or os.path.isdir(name):
            raise FileNotFoundError(f"{_nowhere(name, 'its files')} What transformers says: {error}") from error
    try:
        return transformers.AutoTokenizer.from_pretrained(name, **options)
    except (OSError, ValueError) as error:
        raise FileNotFoundError(f"{_nowhere(name, 'its files')} The Hub gave none: {error}") from error
