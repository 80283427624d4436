"""WordPiece as BERT has it (Devlin et al., 2019, https://arxiv.org/abs/1810.04805), in plain Python and offline."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.common.tokenizers.vocabulary_file import read_lines
from nemo.utils.exceptions import ConfigError

LONGEST_WORD = 100
"""A longer word is unknown as a whole, as in BERT."""
_CJK_RANGES = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPieceVocabulary:
    """The pieces of a ``vocab.txt``, under the names that users know from Hugging Face tokenizers.

    Args:
        vocab_file: one piece a line; the id is the line, from 0.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it is no such text; the message names it.
    """

    def __init__(self, vocab_file: str | os.PathLike[str]) -> None:
        pieces = read_lines(vocab_file, "a vocab.txt with one piece a line")
        self._ids = {piece: index for index, piece in enumerate(pieces)}
        self.pieces = {index: piece for piece, index in self._ids.items()}

    def get_vocab(self) -> dict[str, int]:
        """Piece -> id."""
        return dict(self._ids)

    @property
    def vocab_size(self) -> int:
        """Number of pieces."""
        return len(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, piece: str) -> bool:
        return piece in self._ids

    def convert_tokens_to_ids(self, tokens: Sequence[str], unknown: str) -> list[int]:
        """The id of each piece; that of `unknown` where there is no such piece."""
        return [self._ids.get(token, self._ids[unknown]) for token in tokens]


class WordPieceTokenizer(TokenizerSpec):
    """Cuts words into the longest pieces that the vocabulary has, from left to right; later ones begin with ``##``.

    Equal to BERT's tokenizer on the same ``vocab.txt``: control characters go, Chinese characters and punctuation
    stand alone, special tokens inside a text stay whole; no ``[CLS]`` or ``[SEP]`` is added.

    Args:
        vocab_file: the ``vocab.txt``.
        do_lower_case: lower-case and remove accents first (the "uncased" kind).
        unk_token: stands for a word that cannot be cut.
        sep_token: special token, as the following ones.
        pad_token: padding.
        cls_token: classification.
        mask_token: mask.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: the vocabulary has no `unk_token`.
    """

    def __init__(
        self,
        vocab_file: str | os.PathLike[str],
        do_lower_case: bool = False,
        unk_token: str = "[UNK]",
        sep_token: str = "[SEP]",
        pad_token: str = "[PAD]",
        cls_token: str = "[CLS]",
        mask_token: str = "[MASK]",
    ) -> None:
        self.tokenizer = WordPieceVocabulary(vocab_file)
        if unk_token not in self.tokenizer:
            raise ConfigError(
                f"{vocab_file} has no piece {unk_token!r}. Unknown words need one; add it, or name the one it has with "
                "unk_token."
            )
        self.unk_token, self.sep_token, self.pad_token = unk_token, sep_token, pad_token
        self.cls_token, self.mask_token = cls_token, mask_token
        self.do_lower_case = do_lower_case
        special = (unk_token, sep_token, pad_token, cls_token, mask_token)
        self.all_special_tokens = [token for token in dict.fromkeys(special) if token in self.tokenizer]
        self._special = re.compile("(" + "|".join(map(re.escape, self.all_special_tokens)) + ")")
        self._cache: dict[str, list[str]] = {}

    @property
    def vocab_size(self) -> int:
        """Number of pieces."""
        return self.tokenizer.vocab_size

    @property
    def vocab(self) -> list[str]:
        """Every piece, in the order of the ids."""
        return list(self.tokenizer.pieces.values())

    def text_to_tokens(self, text: str) -> list[str]:
        """The pieces of `text`."""
        tokens: list[str] = []
        for part in self._special.split(text):
            if part in self.all_special_tokens:
                tokens.append(part)
            else:
                for word in self._words(part):
                    tokens.extend(self._cut(word))
        return tokens

    def text_to_ids(self, text: str) -> list[int]:
        """The ids of the pieces of `text`."""
        return self.tokens_to_ids(self.text_to_tokens(text))

    def tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        """The id of each piece; one id for a single piece."""
        if isinstance(tokens, str):
            return self.tokenizer.convert_tokens_to_ids([tokens], self.unk_token)[0]
        return self.tokenizer.convert_tokens_to_ids(tokens, self.unk_token)

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The piece of each id."""
        return [self.tokenizer.pieces[int(index)] for index in ids]

    def tokens_to_text(self, tokens: Sequence[str]) -> str:
        """The text of pieces: ``##`` pieces join what is before them."""
        return " ".join(tokens).replace(" ##", "").strip()

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens."""
        return self.tokens_to_text([token for token in self.ids_to_tokens(ids) if token not in self.all_special_tokens])

    @property
    def unk_id(self) -> int:
        """Id of an unknown word."""
        return self.tokens_to_ids(self.unk_token)

    @property
    def pad_id(self) -> int:
        """Id of padding."""
        return self.tokens_to_ids(self.pad_token)

    @property
    def cls_id(self) -> int:
        """Id of the classification token."""
        return self.tokens_to_ids(self.cls_token)

    @property
    def sep_id(self) -> int:
        """Id of the separator."""
        return self.tokens_to_ids(self.sep_token)

    @property
    def mask_id(self) -> int:
        """Id of the mask."""
        return self.tokens_to_ids(self.mask_token)

    @property
    def bos_id(self) -> int:
        """BERT begins a text with its classification token."""
        return self.cls_id

    @property
    def eos_id(self) -> int:
        """BERT ends a text with its separator."""
        return self.sep_id

    def _words(self, text: str) -> list[str]:
        """Words and punctuation marks of `text`."""
        if text.isascii() and text.replace(" ", "").isalnum():
            return (text.lower() if self.do_lower_case else text).split()
        cleaned = "".join(_spaced(character) for character in text)
        if self.do_lower_case:
            decomposed = unicodedata.normalize("NFD", cleaned)
            cleaned = "".join(letter for letter in decomposed if unicodedata.category(letter) != "Mn").lower()
        return "".join(f" {letter} " if _is_punctuation(letter) else letter for letter in cleaned).split()

    def _cut(self, word: str) -> list[str]:
        pieces = self._cache.get(word)
        if pieces is None:
            pieces = self._longest_pieces(word)
            if len(self._cache) < 100_000:
                self._cache[word] = pieces
        return pieces

    def _longest_pieces(self, word: str) -> list[str]:
        if len(word) > LONGEST_WORD:
            return [self.unk_token]
        pieces = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                if prefix + word[start:end] in self.tokenizer:
                    break
            else:
                return [self.unk_token]
            pieces.append(prefix + word[start:end])
            start = end
        return pieces


def _spaced(character: str) -> str:
    """One space for white space, nothing for control characters, spaces around Chinese characters."""
    if character in " \t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character in "\0\ufffd" or unicodedata.category(character).startswith("C"):
        return ""
    code = ord(character)
    return f" {character} " if any(low <= code <= high for low, high in _CJK_RANGES) else character


def _is_punctuation(character: str) -> bool:
    """ASCII marks and symbols, and Unicode punctuation."""
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character).startswith("P")
