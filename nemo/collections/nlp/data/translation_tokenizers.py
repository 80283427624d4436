"""Tokenizers and languages of a translation model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from nemo.collections.common.tokenizers.by_name import get_nmt_tokenizer
from nemo.collections.nlp.data.parallel_text import TextSide, check_roles
from nemo.collections.nlp.data.text_processors import make_processor
from nemo.collections.nlp.data.translation_loader import LanguagePair
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError

Register = Callable[..., "str | None"]


@dataclass
class TokenizerConfig:
    """`encoder_tokenizer` and `decoder_tokenizer`."""

    library: str = "yttm"
    """yttm, sentencepiece, huggingface, byte-level, regex, char, tabular or megatron."""
    tokenizer_model: str | None = None
    """File of a yttm or sentencepiece model."""
    vocab_size: int | None = None
    """Of a tokenizer that is trained on the training texts."""
    bpe_dropout: float | None = 0.0
    """Probability with which yttm leaves out a merge."""
    coverage: float = 0.999
    """Share of the characters that get a token, when a tokenizer is trained."""
    training_sample_size: int | None = None
    """Sentences on which a tokenizer is trained; null: all."""
    vocab_file: str | None = None
    special_tokens: Any = None
    """List of tokens beyond the model's, or role -> token."""
    r2l: bool | None = False
    """Read text from right to left (yttm)."""
    sentencepiece_legacy: bool = False
    """Take special tokens that a sentencepiece model does not know."""
    model_name: str | None = None
    """Name of a published model's tokenizer (huggingface)."""


class TranslationTokenizers:
    """The tokenizers of source and target, and what they have to do with languages.

    With several languages (`multilingual`), the token ``<de>`` after the start of the source says that German is
    wanted; it is needed where there are several target languages.

    Args:
        encoder_tokenizer: section of the source's tokenizer, a :class:`TokenizerConfig`.
        decoder_tokenizer: that of the target's.
        src_language: language of the source, or a list.
        tgt_language: that of the target.
        multilingual: several languages.
        register_artifact: the model's, so that the files travel in its archive; None leaves them where they are.

    Raises:
        ConfigError: a tokenizer cannot be built, or lacks a token that translation needs.
    """

    def __init__(
        self,
        encoder_tokenizer: Any,
        decoder_tokenizer: Any,
        src_language: Any,
        tgt_language: Any,
        multilingual: bool = False,
        register_artifact: Register | None = None,
    ) -> None:
        sections = [
            with_defaults(TokenizerConfig, section, f"model.{key}_tokenizer")
            for key, section in (("encoder", encoder_tokenizer), ("decoder", decoder_tokenizer))
        ]
        self._libraries = [str(section.library) for section in sections]
        self._sources, self._targets = _listed(src_language), _listed(tgt_language)
        self._multilingual = multilingual
        self.encoder = _build(sections[0], "encoder_tokenizer", register_artifact)
        self.decoder = _build(sections[1], "decoder_tokenizer", register_artifact)

    @property
    def vocab_sizes(self) -> tuple[int, int]:
        """Of source and target."""
        return int(self.encoder.vocab_size), int(self.decoder.vocab_size)

    def prefix(self, language: str) -> int:
        """The token of the source that says what language is wanted.

        Raises:
            ConfigError: the source's tokenizer has no such token.
        """
        token = f"<{language}>"
        found = self.encoder.tokens_to_ids([token])[0]
        if found is None or found < 0 or self.encoder.ids_to_tokens([found])[0] != token:
            raise ConfigError(
                f"The tokenizer of model.encoder_tokenizer has no token {token} for the language {language!r}. A "
                "multilingual model needs one for each target language; train the tokenizer with user_defined_symbols "
                f"[{token}, ...]."
            )
        return int(found)

    def pairs(self) -> list[LanguagePair]:
        """One for each source of training data: one, or as many as there are languages."""
        sources, targets = self._sources, self._targets
        count = max(len(sources), len(targets))
        if {len(sources), len(targets)} - {1, count}:
            raise ConfigError(
                f"model.src_language has {len(sources)} languages and tgt_language {len(targets)}. Expected one, or as "
                "many as the other."
            )
        if count > 1 and not self._multilingual:
            raise ConfigError("src_language or tgt_language is a list. Set multilingual to true, or give one language.")
        several = len(set(targets)) > 1
        return [
            self.pair(source, target, self.prefix(target) if several else None)
            for source, target in zip(sources * (count // len(sources)), targets * (count // len(targets)), strict=True)
        ]

    def pair(self, source: str | None, target: str | None, prefix: int | None = None) -> LanguagePair:
        """How text of two languages becomes tokens."""
        return LanguagePair(
            TextSide(self.encoder, make_processor(source, self._libraries[0]), prefix),
            TextSide(self.decoder, make_processor(target, self._libraries[1])),
            self.vocab_sizes,
        )

    def asked_for(self, source: str | None, target: str | None) -> LanguagePair:
        """How a sentence is translated between two languages; None: those of the model.

        Raises:
            ConfigError: the model has several and none is named, or it does not know the one that is.
        """
        sources, targets = self._sources, self._targets
        if self._multilingual and (source is None or target is None) and len(sources) + len(targets) > 2:
            raise ConfigError(
                f"source_lang is {source!r} and target_lang {target!r}, and this model translates from "
                f"{', '.join(sources)} into {', '.join(targets)}. Name both languages."
            )
        source, target = source or sources[0], target or targets[0]
        several = self._multilingual and len(set(targets)) > 1
        if several and target not in targets:
            raise ConfigError(f"target_lang is {target!r}. Expected one of {', '.join(targets)}.")
        return self.pair(source, target, self.prefix(target) if several else None)


def _build(section: DictConfig, key: str, register: Register | None) -> Any:
    files = {
        name: section[name] if register is None else register(f"{key}.{name}", section[name])
        for name in ("tokenizer_model", "vocab_file")
    }
    special: Any = section.special_tokens
    if OmegaConf.is_config(special):
        special = OmegaConf.to_container(special, resolve=True)
    tokenizer = get_nmt_tokenizer(
        library=section.library,
        model_name=section.model_name,
        tokenizer_model=files["tokenizer_model"],
        vocab_file=files["vocab_file"],
        special_tokens=special,
        bpe_dropout=section.bpe_dropout,
        r2l=section.r2l,
        legacy=section.sentencepiece_legacy,
    )
    check_roles(tokenizer, key)
    return tokenizer


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple | ListConfig) else [str(value)]
