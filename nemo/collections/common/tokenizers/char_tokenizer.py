"""Tokens are characters, read from a vocabulary file."""

from __future__ import annotations

import ast
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.common.tokenizers.vocabulary_file import parse_json, read_lines
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

SPECIAL_TOKENS = ("mask_token", "bos_token", "eos_token", "pad_token", "sep_token", "cls_token", "unk_token")
_LONGEST_LINE = 1000


class CharTokenizer(TokenizerSpec):
    r"""Characters of a vocabulary file.

    The file holds one Python string literal of one character a line (``'a'``, ``'\n'``); its first line may be a JSON
    object with special tokens (``{"unk_token": "[UNK]"}``). Special tokens have the first ids. A special token given
    here takes the place of the file's.

    Args:
        vocab_file: the vocabulary.
        mask_token: special token, as the following ones; None where there is none.
        bos_token: start of a text.
        eos_token: end of a text.
        pad_token: padding.
        sep_token: separator.
        cls_token: classification.
        unk_token: stands for characters outside the vocabulary; without it they are left out.
        special_token_to_prepend: which of the above begins every tokenized text, ``"bos_token"``.
        special_token_to_append: which of the above ends it, ``"eos_token"``.
        special_tokens_to_remove_while_decoding: ``"all"``, or the kinds that are left out of decoded text.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: a line is not a character, or two are the same.
    """

    _WHAT = "a vocabulary with one quoted character a line, as CharTokenizer.build_vocab writes it"

    def __init__(
        self,
        vocab_file: str | os.PathLike[str],
        mask_token: str | None = None,
        bos_token: str | None = None,
        eos_token: str | None = None,
        pad_token: str | None = None,
        sep_token: str | None = None,
        cls_token: str | None = None,
        unk_token: str | None = None,
        special_token_to_prepend: str | None = None,
        special_token_to_append: str | None = None,
        special_tokens_to_remove_while_decoding: str | Sequence[str] = "all",
    ) -> None:
        given = {
            "mask_token": mask_token,
            "bos_token": bos_token,
            "eos_token": eos_token,
            "pad_token": pad_token,
            "sep_token": sep_token,
            "cls_token": cls_token,
            "unk_token": unk_token,
        }
        self.vocab_file = str(vocab_file)
        in_file, characters = self._read(Path(vocab_file))
        self.special_tokens = in_file | {kind: token for kind, token in given.items() if token is not None}
        for kind in SPECIAL_TOKENS:
            setattr(self, kind, self.special_tokens.get(kind))
        tokens = list(dict.fromkeys([*self.special_tokens.values(), *characters]))
        self.vocab = {token: index for index, token in enumerate(tokens)}
        self.inv_vocab = dict(enumerate(tokens))
        self.vocab_size = len(tokens)
        self._first = self._special(special_token_to_prepend, "special_token_to_prepend")
        self._last = self._special(special_token_to_append, "special_token_to_append")
        removed = special_tokens_to_remove_while_decoding
        kinds = list(self.special_tokens) if removed == "all" else [removed] if isinstance(removed, str) else removed
        self._silent_ids = {self.vocab[token] for kind in kinds for token in self._special(kind, "to remove")}

    @classmethod
    def _read(cls, path: Path) -> tuple[dict[str, str], list[str]]:
        """Special tokens and the others, as the file has them."""
        lines = [line for line in read_lines(path, cls._WHAT, longest=_LONGEST_LINE) if line.strip()]
        special: dict[str, str] = {}
        first = 1
        if lines and lines[0].lstrip().startswith("{") and len(lines[0].strip()) > 1:
            special = _special_tokens(lines.pop(0), path)
            first = 2
        tokens = cls._tokens(lines, path, first)
        for token, count in Counter(tokens).items():
            if count > 1:
                raise ConfigError(f"{path} lists {token!r} {count} times. Each token has one id; keep one line.")
        return special, tokens

    @classmethod
    def _tokens(cls, lines: list[str], path: Path, first: int) -> list[str]:
        """The tokens of the lines, of which the first has the number `first`."""
        return [_character(line, f"{path} line {number}") for number, line in enumerate(lines, start=first)]

    def _special(self, kind: str | None, purpose: str) -> list[str]:
        if kind is None:
            return []
        if kind not in self.special_tokens:
            raise ConfigError(
                f"{purpose} is {kind!r}, and this tokenizer has no such token. Expected one of "
                f"{', '.join(self.special_tokens) or '(it has none)'}; give the token itself as {kind}=..."
            )
        return [self.special_tokens[kind]]

    def text_to_tokens(self, text: str) -> list[str]:
        """The characters of `text` that the vocabulary has, or its unknown token in place of the others."""
        unknown = self.special_tokens.get("unk_token")
        tokens = [character if character in self.vocab else unknown for character in text]
        return self._first + [token for token in tokens if token is not None] + self._last

    def tokens_to_text(self, tokens: Sequence[str]) -> str:
        """The text of tokens."""
        return self.ids_to_text(self.tokens_to_ids(tokens))

    def tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        """The id of each token; one id for a single token."""
        if isinstance(tokens, str):
            return self._id(tokens)
        return [self._id(token) for token in tokens]

    def _id(self, token: str) -> int:
        if token in self.vocab:
            return self.vocab[token]
        if "unk_token" in self.special_tokens:
            return self.vocab[self.special_tokens["unk_token"]]
        raise ConfigError(
            f"{token!r} is not in the vocabulary {self.vocab_file} of {self.vocab_size} tokens. Add it, "
            "or give an unk_token."
        )

    def text_to_ids(self, text: str) -> list[int]:
        """The ids of the characters of `text`."""
        return [self.vocab[token] for token in self.text_to_tokens(text)]

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The token of each id."""
        return [self.inv_vocab[int(index)] for index in ids]

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens."""
        return "".join(self.inv_vocab[int(index)] for index in ids if int(index) not in self._silent_ids)

    def _role_id(self, kind: str) -> int:
        if kind not in self.special_tokens:
            raise AttributeError(f"This character tokenizer has no {kind}; give one when you build it.")
        return self.vocab[self.special_tokens[kind]]

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
    def unk_id(self) -> int:
        """Id of characters outside the vocabulary."""
        return self._role_id("unk_token")

    @property
    def mask_id(self) -> int:
        """Id of the mask."""
        return self._role_id("mask_token")

    @property
    def sep_id(self) -> int:
        """Id of the separator."""
        return self._role_id("sep_token")

    @property
    def cls_id(self) -> int:
        """Id of the classification token."""
        return self._role_id("cls_token")

    @staticmethod
    def build_vocab(
        save_path: str | os.PathLike[str],
        text: str | None = None,
        text_file_name: str | os.PathLike[str] | None = None,
        characters_to_exclude: Iterable[str] = (),
        vocab_size: int | None = None,
        **special_tokens: str,
    ) -> None:
        """Writes the vocabulary file of a text, most frequent characters first.

        Args:
            save_path: file to write.
            text: the text; give this or `text_file_name`.
            text_file_name: UTF-8 file with the text.
            characters_to_exclude: characters that get no token.
            vocab_size: keep this many tokens, special ones included.
            **special_tokens: ``unk_token="[UNK]"`` and so on.
        """
        write_vocabulary(
            save_path, given_text(text, text_file_name), characters_to_exclude, vocab_size, special_tokens, quoted=True
        )


def given_text(text: str | None, text_file_name: str | os.PathLike[str] | None) -> str:
    """The text that is given, or that of the file that is."""
    if (text is None) == (text_file_name is None):
        raise ConfigError("build_vocab got both or none of text and text_file_name. Expected one of them; give one.")
    return Path(str(text_file_name)).read_text(encoding="utf-8") if text is None else text


def write_vocabulary(
    save_path: str | os.PathLike[str],
    tokens: Iterable[str],
    excluded: Iterable[str],
    vocab_size: int | None,
    special_tokens: Mapping[str, str],
    quoted: bool,
) -> None:
    """Writes the different ones of `tokens`, most frequent first, after a line with the special tokens if there are.

    Args:
        save_path: file to write.
        tokens: as often as they occur.
        excluded: those that are left out; special ones always are.
        vocab_size: keep this many, special ones included; None for all.
        special_tokens: kind -> token.
        quoted: write each as a Python literal.
    """
    unknown_kinds = set(special_tokens) - set(SPECIAL_TOKENS)
    if unknown_kinds:
        raise ConfigError(
            f"build_vocab got {', '.join(sorted(unknown_kinds))}. Expected some of {', '.join(SPECIAL_TOKENS)}; "
            "mend the name."
        )
    left_out = {*excluded, *special_tokens.values()}
    counts = Counter(token for token in tokens if token not in left_out)
    ordered = sorted(counts, key=lambda token: (-counts[token], token))
    kept = ordered if vocab_size is None else ordered[: max(vocab_size - len(special_tokens), 0)]
    with atomic_write(save_path) as path, open(path, "w", encoding="utf-8") as file:
        if special_tokens:
            file.write(json.dumps(dict(special_tokens)) + "\n")
        file.writelines((repr(token) if quoted else token) + "\n" for token in kept)


def _special_tokens(line: str, path: Path) -> dict[str, str]:
    special = parse_json(line, f"{path} line 1", "special tokens as a JSON object, or a quoted character")
    unknown = [kind for kind, token in special.items() if kind not in SPECIAL_TOKENS or not isinstance(token, str)]
    if unknown:
        raise ConfigError(
            f"{path} line 1 has {unknown[0]!r}. Expected strings for {', '.join(SPECIAL_TOKENS)}; mend it."
        )
    return special


def _character(line: str, place: str) -> str:
    try:
        character = ast.literal_eval(line.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:  # the last two: brackets within brackets
        raise ConfigError(f"{place} is {line!r}. Expected a quoted character such as 'a'; quote it.") from error
    if not isinstance(character, str) or len(character) != 1:
        raise ConfigError(f"{place} is {line!r}. Expected exactly one quoted character; write one a line.")
    return character
