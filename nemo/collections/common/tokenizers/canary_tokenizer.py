"""The tokenizer of Canary models (Puvvada et al., 2024, https://arxiv.org/abs/2406.19674).

Beside those of the languages it has control tokens. A prompt such as
``<|startoftranscript|><|en|><|transcribe|><|de|><|pnc|>`` says what the model is to do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nemo.collections.common.tokenizers.aggregate_tokenizer import AggregateTokenizer
from nemo.collections.common.tokenizers.sentencepiece_tokenizer import SentencePieceTokenizer, create_spt_model
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

SPECIAL_LANG = "spl_tokens"
"""Where other tokenizers have a language: the tokenizer of the control tokens."""
LANGUAGES = {"en": "english", "de": "german", "es": "spanish", "fr": "french"}
"""Those of the first published model; others are given to :meth:`CanaryTokenizer.build_special_tokenizer`."""
SPECIAL_TOKENS = [
    "<pad>",
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{code}|>" for code in LANGUAGES),
    "<|transcribe|>",
    "<|translate|>",
    "<|nopnc|>",
    "<|pnc|>",
    "<|nospeech|>",
]
UNUSED_SPECIAL_TOKENS = [f"<|spltoken{number}|>" for number in range(18)]
"""Kept free, for tasks that a trained model learns later."""

_CONTROL = re.compile(r"<\|[^<>|]+\|>|<pad>|<unk>")
_PAD_TOKENS = ("<pad>", "<|pad|>")


class CanaryTokenizer(AggregateTokenizer):
    """Tokenizers of several languages, and one of control tokens as the language ``spl_tokens``.

    Args:
        tokenizers: language -> tokenizer; ``spl_tokens`` is one of them, the first in published models.

    Raises:
        ConfigError: there is no ``spl_tokens``.
    """

    def __init__(self, tokenizers: Mapping[str, Any]) -> None:
        super().__init__(tokenizers)
        if SPECIAL_LANG not in self.tokenizers_dict:
            raise ConfigError(
                f"CanaryTokenizer has the languages {', '.join(self.langs)} and no {SPECIAL_LANG}. Add its tokenizer "
                f"as tokenizer.langs.{SPECIAL_LANG}; CanaryTokenizer.build_special_tokenizer(folder) makes one."
            )
        offset = self.token_id_offset[SPECIAL_LANG]
        pieces = self.tokenizers_dict[SPECIAL_LANG].vocab
        self.special_tokens = {
            str(piece): offset + index for index, piece in enumerate(pieces) if _CONTROL.fullmatch(str(piece))
        }

    @property
    def bos_id(self) -> int:
        """Id of ``<|startoftranscript|>``, with which every prompt begins."""
        return self.spl_token_to_id("startoftranscript")

    @property
    def eos_id(self) -> int:
        """Id of ``<|endoftext|>``."""
        return self.spl_token_to_id("endoftext")

    @property
    def nospeech_id(self) -> int:
        """Id of ``<|nospeech|>``: nobody speaks."""
        return self.spl_token_to_id("nospeech")

    @property
    def pad_id(self) -> int:
        """Id of padding."""
        token = next((token for token in _PAD_TOKENS if token in self.special_tokens), _PAD_TOKENS[0])
        return self.spl_token_to_id(token)

    @property
    def nospeech(self) -> int:
        """Short for ``nospeech_id``."""
        return self.nospeech_id

    def spl_token_to_id(self, token: str) -> int:
        """The id of a control token, ``"<|en|>"`` or ``"en"``.

        Raises:
            ConfigError: there is no such token.
        """
        for name in (token, f"<|{token}|>"):
            if name in self.special_tokens:
                return self.special_tokens[name]
        raise ConfigError(
            f"{token!r} is no control token of this tokenizer. Expected one of {', '.join(self.special_tokens)}; for a "
            "language that the model was not trained on, train it with a tokenizer that has it."
        )

    def text_to_ids(self, text: str, lang_id: str) -> list[int]:  # type: ignore[override]  # the language is needed
        """The ids of `text` in a language; with ``spl_tokens`` those of a prompt, control tokens one after the other.

        Raises:
            ConfigError: there is no such language, or a prompt holds something else than control tokens.
        """
        if lang_id != SPECIAL_LANG:
            return super().text_to_ids(text, lang_id)
        rest = _CONTROL.sub("", text).strip()
        if rest:
            raise ConfigError(
                f"The prompt {text!r} holds {rest!r}. Expected control tokens only, such as "
                "<|startoftranscript|><|en|>; mend the prompt, or name the language of the text."
            )
        return [self.spl_token_to_id(token) for token in _CONTROL.findall(text)]

    @staticmethod
    def build_special_tokenizer(
        output_dir: str | os.PathLike[str],
        tokens: Sequence[str] = (*SPECIAL_TOKENS, *UNUSED_SPECIAL_TOKENS),
        force_rebuild: bool = False,
    ) -> SentencePieceTokenizer:
        """Writes the tokenizer of the control tokens, and returns it.

        Args:
            output_dir: gets ``tokenizer.model``, ``tokenizer.vocab`` and ``vocab.txt``; it is then
                ``tokenizer.langs.spl_tokens.dir`` of a config.
            tokens: the control tokens; with those for further languages, ``"<|it|>"``, where they are needed.
            force_rebuild: replace a model that is there; otherwise it is kept.

        Raises:
            ConfigError: one of `tokens` does not look like a control token.
        """
        wrong = [token for token in tokens if not _CONTROL.fullmatch(token) or token == "<unk>"]
        if wrong:
            raise ConfigError(f"{wrong[0]!r} is no control token. Expected a name within <| and |>, such as <|en|>.")
        folder = Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        model = folder / "tokenizer.model"
        if force_rebuild:
            model.unlink(missing_ok=True)
        text = folder / "text.txt"
        with atomic_write(text) as path:
            path.write_text("\n".join(tokens), encoding="utf-8")
        # two pieces more: the unknown one, and the mark of a word's beginning
        create_spt_model(text, len(tokens) + 2, -1, False, output_dir=str(folder), user_defined_symbols=list(tokens))
        return SentencePieceTokenizer(model)
