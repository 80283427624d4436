"""Tokenizers by the names that configs of text models have: `tokenizer_name`, and `library` of translation models."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nemo.collections.common.tokenizers.auto_tokenizer import AutoTokenizer
from nemo.collections.common.tokenizers.bytelevel_tokenizers import ByteLevelTokenizer
from nemo.collections.common.tokenizers.char_tokenizer import CharTokenizer
from nemo.collections.common.tokenizers.regex_tokenizer import RegExTokenizer
from nemo.collections.common.tokenizers.sentencepiece_tokenizer import SentencePieceTokenizer
from nemo.collections.common.tokenizers.tabular_tokenizer import TabularTokenizer
from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.common.tokenizers.word_tokenizer import WordTokenizer
from nemo.collections.common.tokenizers.youtokentome_tokenizer import YouTokenToMeTokenizer
from nemo.utils.exceptions import ConfigError

SpecialTokens = Mapping[str, str] | Sequence[str] | None
File = str | os.PathLike[str] | None

_MEGATRON_NAMES = {
    "megatron-bert-345m-uncased": "bert-large-uncased",
    "megatron-bert-345m-cased": "bert-large-cased",
    "megatron-bert-uncased": "bert-large-uncased",
    "megatron-bert-cased": "bert-large-cased",
    "biomegatron-bert-345m-uncased": "bert-large-uncased",
    "biomegatron-bert-345m-cased": "bert-large-cased",
    "megatron-gpt-345m": "gpt2",
}
"""Models of Megatron -> the published model whose vocabulary they use."""


def get_tokenizer(
    tokenizer_name: str,
    tokenizer_model: File = None,
    vocab_file: File = None,
    merges_file: File = None,
    special_tokens: SpecialTokens = None,
    use_fast: bool | None = False,
    bpe_dropout: float | None = 0.0,
) -> TokenizerSpec:
    """The tokenizer of a text model's `tokenizer` section.

    Args:
        tokenizer_name: sentencepiece, yttm, word, char or regex; or the name of a published model, such as
            bert-base-uncased or megatron-bert-345m-cased.
        tokenizer_model: file of the model (sentencepiece, yttm), or the expression (regex).
        vocab_file: the vocabulary (word, char, regex, published models).
        merges_file: the merges of a published model with byte-level BPE.
        special_tokens: role -> token.
        use_fast: see :class:`~nemo.collections.common.tokenizers.auto_tokenizer.AutoTokenizer`.
        bpe_dropout: see :class:`~nemo.collections.common.tokenizers.youtokentome_tokenizer.YouTokenToMeTokenizer`.

    Raises:
        ConfigError: a file that this kind needs is not named.
    """
    roles = _roles(special_tokens)
    builders: dict[str, Callable[[], TokenizerSpec]] = {
        "sentencepiece": lambda: SentencePieceTokenizer(
            _needed(tokenizer_model, "tokenizer_model", tokenizer_name), special_tokens, legacy=True
        ),
        "yttm": lambda: YouTokenToMeTokenizer(_needed(tokenizer_model, "tokenizer_model", tokenizer_name), bpe_dropout),
        "word": lambda: WordTokenizer(_needed(vocab_file, "vocab_file", tokenizer_name), **roles),
        "char": lambda: CharTokenizer(_needed(vocab_file, "vocab_file", tokenizer_name), **roles),
        "regex": lambda: _regex(tokenizer_model, vocab_file, tokenizer_name),
    }
    if tokenizer_name in builders:
        return builders[tokenizer_name]()
    return _published(tokenizer_name, vocab_file, merges_file, roles, bool(use_fast))


def get_nmt_tokenizer(
    library: str = "yttm",
    model_name: str | None = None,
    tokenizer_model: File = None,
    vocab_file: File = None,
    merges_file: File = None,
    special_tokens: SpecialTokens = None,
    use_fast: bool | None = False,
    bpe_dropout: float | None = 0.0,
    r2l: bool | None = False,
    legacy: bool | None = False,
    delimiter: str | None = None,
    trust_remote_code: bool | None = False,
) -> TokenizerSpec:
    """The tokenizer of a translation or language model's `tokenizer` section.

    Args:
        library: yttm, huggingface, sentencepiece, byte-level, regex, megatron, tabular or char.
        model_name: name of a published model (huggingface, megatron).
        tokenizer_model: file of the model (sentencepiece, yttm), or the expression (regex).
        vocab_file: the vocabulary (regex, char, huggingface, megatron), or the codes of the columns (tabular).
        merges_file: the merges of a published model with byte-level BPE.
        special_tokens: role -> token, or a list.
        use_fast: see :class:`~nemo.collections.common.tokenizers.auto_tokenizer.AutoTokenizer`.
        bpe_dropout: see :class:`~nemo.collections.common.tokenizers.youtokentome_tokenizer.YouTokenToMeTokenizer`.
        r2l: read text from right to left (yttm).
        legacy: special tokens beyond the model's (sentencepiece); leave special tokens out (yttm).
        delimiter: stands between the values of a table.
        trust_remote_code: must be False.

    Raises:
        ConfigError: there is no such library, or a file that it needs is not named.
    """

    def published() -> TokenizerSpec:
        name = str(_needed(model_name, "model_name", library))
        return _published(
            name, vocab_file, merges_file, _roles(special_tokens), bool(use_fast), bool(trust_remote_code)
        )

    builders: dict[str, Callable[[], TokenizerSpec]] = {
        "yttm": lambda: YouTokenToMeTokenizer(
            _needed(tokenizer_model, "tokenizer_model", library), bpe_dropout, bool(legacy), bool(r2l)
        ),
        "huggingface": published,
        "sentencepiece": lambda: SentencePieceTokenizer(
            _needed(tokenizer_model, "tokenizer_model", library), special_tokens if legacy else None, bool(legacy)
        ),
        "byte-level": lambda: ByteLevelTokenizer(special_tokens),
        "regex": lambda: _regex(tokenizer_model, vocab_file, library),
        "megatron": published,
        "tabular": lambda: TabularTokenizer(_needed(vocab_file, "vocab_file", library), delimiter=delimiter),
        "char": lambda: CharTokenizer(_needed(vocab_file, "vocab_file", library), **_roles(special_tokens)),
    }
    if library not in builders:
        raise ConfigError(f"tokenizer.library is {library!r}. Expected one of {', '.join(builders)}; set one of these.")
    return builders[library]()


def _regex(tokenizer_model: File, vocab_file: File, name: str) -> RegExTokenizer:
    expression = _needed(tokenizer_model, "tokenizer_model", name)
    return RegExTokenizer().load_tokenizer(expression, _needed(vocab_file, "vocab_file", name))


def _published(
    name: str,
    vocab_file: File,
    merges_file: File,
    roles: dict[str, str],
    use_fast: bool,
    trust_remote_code: bool = False,
) -> AutoTokenizer:
    return AutoTokenizer(
        _MEGATRON_NAMES.get(name, name),
        vocab_file=vocab_file or None,
        merges_file=merges_file or None,
        use_fast=use_fast,
        trust_remote_code=trust_remote_code,
        **roles,
    )


def _needed(value: Any, key: str, kind: str) -> Any:
    if value:
        return value
    what = "the name of a published model" if key == "model_name" else "the path of a file"
    raise ConfigError(f"tokenizer.{key} is not set, and the tokenizer {kind!r} needs it. Expected {what}; set it.")


def _roles(special_tokens: SpecialTokens) -> dict[str, Any]:
    """Special tokens as named arguments."""
    if not special_tokens:
        return {}
    if isinstance(special_tokens, Mapping):
        return {str(role): token for role, token in special_tokens.items()}
    return {"additional_special_tokens": list(special_tokens)}
