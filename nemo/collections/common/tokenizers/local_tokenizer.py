"""Tokenizers of published text models, from their files alone, under the names that Hugging Face's have."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nemo.collections.common.tokenizers.byte_level_bpe import ByteLevelBPE
from nemo.collections.common.tokenizers.wordpiece_tokenizer import WordPieceTokenizer
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_BERT = {role: f"[{role[:-6].upper()}]" for role in ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")}
_ROBERTA = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "cls_token": "<s>",
    "mask_token": "<mask>",
}
_GPT2 = {role: "<|endoftext|>" for role in ("bos_token", "eos_token", "unk_token")}


class LocalTokenizer:
    """A tokenizer that is a vocabulary, a way to cut and to join text, and special tokens.

    Args:
        name: as Hugging Face calls the kind: BertTokenizer.
        vocab: piece -> id.
        cut: text without special tokens -> pieces.
        join: pieces -> text.
        special_tokens: role (``cls_token`` ...) -> token; those that the vocabulary lacks are left out.
        takes_space_before: special tokens that take the white space before them.
        files: files that it was made from, for :meth:`save_vocabulary`.
    """

    def __init__(
        self,
        name: str,
        vocab: Mapping[str, int],
        cut: Callable[[str], list[str]],
        join: Callable[[Sequence[str]], str],
        special_tokens: Mapping[str, str],
        takes_space_before: Sequence[str] = (),
        files: Sequence[str | os.PathLike[str]] = (),
    ) -> None:
        self.name = name
        self._ids = dict(vocab)
        self._pieces = {index: piece for piece, index in self._ids.items()}
        self._cut, self._join = cut, join
        self._takes_space_before = tuple(takes_space_before)
        self._files = [Path(file) for file in files]
        self.vocab_size = len(self._ids)
        self.special_tokens_map: dict[str, str] = {}
        self.additional_special_tokens: list[str] = []
        self.add_special_tokens({role: token for role, token in special_tokens.items() if token in self._ids})

    def __len__(self) -> int:
        return len(self._ids)

    def __getattr__(self, name: str) -> Any:
        """``cls_token`` and ``cls_token_id`` and so on; None where there is no such token."""
        role = name.removesuffix("_id")
        if role not in ROLES:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        token = self.special_tokens_map.get(role)
        return token if name == role or token is None else self._ids[token]

    def add_special_tokens(self, special_tokens_dict: Mapping[str, Any]) -> int:
        """Sets tokens of roles, and ``additional_special_tokens``; new ones get ids after all others.

        Returns:
            How many were new.
        """
        before = len(self._ids)
        for role, given in special_tokens_dict.items():
            if role == "additional_special_tokens":
                self.additional_special_tokens += [
                    token for token in given if token not in self.additional_special_tokens
                ]
            elif role in ROLES:
                self.special_tokens_map[role] = str(given)
            else:
                raise ConfigError(
                    f"{role!r} is no kind of special token. Expected some of {', '.join(ROLES)} and "
                    "additional_special_tokens; mend the name."
                )
        for token in self.all_special_tokens:
            if token not in self._ids:
                self._ids[token] = max(self._pieces, default=-1) + 1
                self._pieces[self._ids[token]] = token
        longest_first = sorted(self.all_special_tokens, key=len, reverse=True)
        spaced = (("\\s*" if token in self._takes_space_before else "") + re.escape(token) for token in longest_first)
        self._special = re.compile("(" + "|".join(spaced) + ")") if longest_first else None
        return len(self._ids) - before

    @property
    def all_special_tokens(self) -> list[str]:
        """Every special token, once."""
        return list(dict.fromkeys([*self.special_tokens_map.values(), *self.additional_special_tokens]))

    def get_vocab(self) -> dict[str, int]:
        """Piece -> id, with those added."""
        return dict(self._ids)

    def tokenize(self, text: str) -> list[str]:
        """The pieces of `text`; special tokens inside it stay whole, none is added."""
        parts = self._special.split(text) if self._special is not None else [text]
        pieces: list[str] = []
        for number, part in enumerate(parts):
            if number % 2:
                pieces.append(part.lstrip() if part.lstrip() in self._ids else part)
            elif part:
                pieces.extend(self._cut(part))
        return pieces

    def convert_tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        """The id of each piece; one id for a single piece; that of the unknown piece where there is no such piece."""
        if isinstance(tokens, str):
            return self._ids.get(tokens, self.unk_token_id)
        unknown = self.unk_token_id
        return [self._ids.get(token, unknown) for token in tokens]

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The piece of each id."""
        return [self._pieces[int(index)] for index in ids]

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """The text of pieces."""
        return self._join(tokens)

    def save_vocabulary(self, save_directory: str, filename_prefix: str | None = None) -> tuple[str, ...]:
        """Copies the files that the tokenizer was made from; returns their new paths."""
        names = ["vocab.txt"] if len(self._files) == 1 else ["vocab.json", "merges.txt"]
        prefix = f"{filename_prefix}-" if filename_prefix else ""
        Path(save_directory).mkdir(parents=True, exist_ok=True)
        targets = [os.path.join(save_directory, prefix + name) for name in names]
        for source, target in zip(self._files, targets, strict=True):
            with atomic_write(target) as temporary:
                shutil.copyfile(source, temporary)
        return tuple(targets)


def tokenizer_from_files(
    vocab_file: str | os.PathLike[str], merges_file: str | os.PathLike[str] | None = None, *, lower_case: bool = False
) -> LocalTokenizer:
    """The tokenizer of a ``vocab.txt`` (BERT), or of ``vocab.json`` and ``merges.txt`` (GPT-2, RoBERTa, BART).

    Args:
        vocab_file: the vocabulary.
        merges_file: only with a ``vocab.json``.
        lower_case: whether a BERT is of the "uncased" kind.

    Raises:
        FileNotFoundError: a file is missing.
        ConfigError: a file is not what it should be, or is of another kind.
    """
    if str(vocab_file).endswith((".model", ".spm")):
        raise ConfigError(
            f"{vocab_file} looks like a SentencePiece model. Expected vocab.txt, or vocab.json with merges.txt; use "
            "SentencePieceTokenizer for it."
        )
    if merges_file is None and not str(vocab_file).endswith(".json"):
        wordpiece = WordPieceTokenizer(vocab_file, do_lower_case=lower_case)
        vocab = wordpiece.tokenizer.get_vocab()
        return LocalTokenizer(
            "BertTokenizer", vocab, wordpiece.text_to_tokens, wordpiece.tokens_to_text, _BERT, files=[vocab_file]
        )
    if merges_file is None:
        raise ConfigError(f"{vocab_file} needs its merges.txt beside it. Expected merges_file; name it.")
    bpe = ByteLevelBPE(vocab_file, merges_file)
    is_roberta = {"<s>", "</s>"} <= set(bpe.vocab)
    name, special = ("RobertaTokenizer", _ROBERTA) if is_roberta else ("GPT2Tokenizer", _GPT2)
    spaced = ["<mask>"] if is_roberta else []
    return LocalTokenizer(name, bpe.vocab, bpe.cut, bpe.join, special, spaced, files=[vocab_file, merges_file])
