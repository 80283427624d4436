"""SentencePiece (Kudo and Richardson, 2018, https://arxiv.org/abs/1808.06226): subword tokens of raw text."""

from __future__ import annotations

import dataclasses
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec, as_list
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

WORD_START = "\u2581"
_SPECIAL_PIECES = ("<unk>", "<s>", "</s>", "<pad>")
_ROLES = ("bos_token", "eos_token", "sep_token", "pad_token", "cls_token", "mask_token", "unk_token")


def load_processor(model: str | os.PathLike[str] | bytes) -> Any:
    """The SentencePiece model of a file, or of its bytes.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it is not a SentencePiece model.
    """
    sentencepiece = require("sentencepiece", extra="asr", purpose="A SentencePiece tokenizer")
    if isinstance(model, bytes):
        content, source = model, "the given bytes"
    else:
        path = Path(model)
        if not path.is_file():
            raise FileNotFoundError(
                f"SentencePiece model {path} does not exist. Give the path of a tokenizer.model, as "
                "process_asr_text_tokenizer.py writes it."
            )
        content, source = path.read_bytes(), str(path)
    processor = sentencepiece.SentencePieceProcessor()
    try:
        if not content:
            raise RuntimeError("it is empty")
        processor.LoadFromSerializedProto(content)
        for index in range(processor.get_piece_size()):  # a damaged model fails here, not in the middle of training
            processor.id_to_piece(index)
    except (RuntimeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{source} is not a SentencePiece model ({error}). Expected a tokenizer.model made by SentencePiece; check "
            "that it was copied whole and is not the .vocab file."
        ) from error
    return processor


class SentencePieceTokenizer(TokenizerSpec):
    """Tokens of a trained SentencePiece model.

    Args:
        model_path: file of the model, or its bytes.
        special_tokens: tokens beyond the model's, a list or role -> token (``{"cls_token": "[CLS]"}``); needs `legacy`.
        legacy: take special tokens that the model does not know; they get ids after the model's, and are found in text.
        trim_spm_separator_after_special_token: leave out a bare mark of a word's beginning right after a special token,
            as newer releases do.

    Raises:
        ValueError: `special_tokens` are given without `legacy`.
        ConfigError: the file is not a SentencePiece model.
    """

    def __init__(
        self,
        model_path: str | os.PathLike[str] | bytes,
        special_tokens: Mapping[str, str] | Sequence[str] | None = None,
        legacy: bool = False,
        trim_spm_separator_after_special_token: bool = False,
    ) -> None:
        self.tokenizer = load_processor(model_path)
        self.original_vocab_size: int = self.tokenizer.get_piece_size()
        self.vocab_size: int = self.original_vocab_size
        self.legacy = legacy
        self._trims = trim_spm_separator_after_special_token
        self.special_token_to_id: dict[str, int] = {}
        self.id_to_special_token: dict[int, str] = {}
        if special_tokens:
            if not legacy:
                raise ValueError(
                    f"special_tokens {list(special_tokens)} are given, but legacy is False. The special tokens of a "
                    "SentencePiece model are part of it: train it with them, or pass legacy=True."
                )
            self.add_special_tokens(special_tokens)

    def text_to_tokens(self, text: str) -> list[str]:
        """The pieces of `text`; special tokens inside it stay whole in legacy mode."""
        tokens: list[str] = []
        for part in self._parts(text):
            if part in self.special_token_to_id:
                tokens.append(part)
                continue
            pieces = self.tokenizer.encode_as_pieces(part)
            is_bare = self._trims and bool(tokens) and pieces[:1] == [WORD_START]
            tokens.extend(pieces[1:] if is_bare else pieces)
        return tokens

    def text_to_ids(self, text: str) -> list[int]:
        """The ids of the pieces of `text`."""
        if not self.special_token_to_id:
            return self.tokenizer.encode_as_ids(text)
        return [self.token_to_id(token) for token in self.text_to_tokens(text)]

    def tokens_to_text(self, tokens: Sequence[str]) -> str:
        """The text of pieces; special tokens are left out of it."""
        tokens = as_list(tokens)
        if self.special_token_to_id:
            tokens = [token for token in tokens if token not in self.special_token_to_id]
        return self.tokenizer.decode_pieces(tokens)

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of ids; special tokens stand in it as words in legacy mode."""
        ids = as_list(ids)
        if not self.id_to_special_token:
            return self.tokenizer.decode_ids(ids)
        parts: list[str] = []
        run: list[int] = []
        for index in ids:
            if index in self.id_to_special_token:
                parts += [self.tokenizer.decode_ids(run), self.id_to_special_token[index]]
                run = []
            else:
                run.append(index)
        parts.append(self.tokenizer.decode_ids(run))
        return " ".join(part for part in parts if part)

    def token_to_id(self, token: str) -> int:
        """The id of one piece; the unknown piece's where there is no such piece."""
        special = self.special_token_to_id.get(token)
        return self.tokenizer.piece_to_id(token) if special is None else special

    def tokens_to_ids(self, tokens: str | Sequence[str], tokens_to_skip: Sequence[str] = ()) -> Any:
        """The id of each piece that is not to be skipped; one id for a single piece."""
        if isinstance(tokens, str):
            return self.token_to_id(tokens)
        return [self.token_to_id(token) for token in tokens if token not in tokens_to_skip]

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The piece of each id."""
        special = self.id_to_special_token
        return [special[index] if index in special else self.tokenizer.id_to_piece(index) for index in as_list(ids)]

    def add_special_tokens(self, special_tokens: Mapping[str, str] | Sequence[str]) -> int:
        """Adds tokens with ids after all others, and ``<role>_id`` for each role; returns how many were new.

        Raises:
            ValueError: the tokenizer is not in legacy mode.
        """
        if not self.legacy:
            raise ValueError("Special tokens cannot be added to a SentencePiece model. Build it with legacy=True.")
        by_role = special_tokens if isinstance(special_tokens, Mapping) else {}
        tokens = list(by_role.values()) if by_role else list(special_tokens)
        before = self.vocab_size
        for token in tokens:
            known = self.tokenizer.piece_to_id(token) != self.tokenizer.unk_id() or token == self._unk_piece()
            if not known and token not in self.special_token_to_id:
                self.special_token_to_id[token] = self.vocab_size
                self.id_to_special_token[self.vocab_size] = token
                self.vocab_size += 1
        for role, token in by_role.items():
            setattr(self, role, token)
        return self.vocab_size - before

    def _unk_piece(self) -> str:
        return self.tokenizer.id_to_piece(self.tokenizer.unk_id())

    def _parts(self, text: str) -> list[str]:
        """`text` cut at the special tokens, which are parts themselves."""
        if not self.special_token_to_id:
            return [text]
        longest_first = sorted(self.special_token_to_id, key=len, reverse=True)
        cuts = re.split("(" + "|".join(map(re.escape, longest_first)) + ")", text)
        return [part for part in cuts if part]

    def _role_id(self, role: str, of_model: int | None) -> int:
        token = getattr(self, f"{role}_token", None) if self.legacy else None
        if token is not None:
            return self.token_to_id(token)
        if of_model is not None:
            return of_model
        raise AttributeError(
            f"This SentencePiece tokenizer has no {role} token. Give one: special_tokens={{'{role}_token': ...}} with "
            "legacy=True."
        )

    @property
    def pad_id(self) -> int:
        """Id of padding; -1 where the model has none."""
        return self._role_id("pad", self.tokenizer.pad_id())

    @property
    def bos_id(self) -> int:
        """Id of the start of a text; -1 where the model has none."""
        return self._role_id("bos", self.tokenizer.bos_id())

    @property
    def eos_id(self) -> int:
        """Id of the end of a text; -1 where the model has none."""
        return self._role_id("eos", self.tokenizer.eos_id())

    @property
    def unk_id(self) -> int:
        """Id of what the model does not know."""
        return self._role_id("unk", self.tokenizer.unk_id())

    @property
    def sep_id(self) -> int:
        """Id of the separator; only in legacy mode."""
        return self._role_id("sep", None)

    @property
    def cls_id(self) -> int:
        """Id of the classification token; only in legacy mode."""
        return self._role_id("cls", None)

    @property
    def mask_id(self) -> int:
        """Id of the mask; only in legacy mode."""
        return self._role_id("mask", None)

    @property
    def additional_special_tokens_ids(self) -> list[int]:
        """Ids of the special tokens that have no role."""
        with_role = {getattr(self, role, None) for role in _ROLES}
        return [index for token, index in self.special_token_to_id.items() if token not in with_role]

    @property
    def vocab(self) -> list[str]:
        """Every piece, in the order of the ids."""
        pieces = [self.tokenizer.id_to_piece(index) for index in range(self.original_vocab_size)]
        return pieces + list(self.special_token_to_id)


@dataclass
class SentencePieceOptions:
    """What is not asked for at every training of a SentencePiece model."""

    character_coverage: float = 1.0
    """Share of the characters of the text that get a piece of their own."""
    train_extremely_large_corpus: bool = False
    """Use less memory per sentence."""
    max_sentencepiece_length: int = -1
    """Longest piece in characters; -1 for SentencePiece's own (16)."""
    bos: bool = False
    """Have a piece for the start of a text."""
    eos: bool = False
    """Have a piece for its end."""
    pad: bool = False
    """Have a piece for padding."""
    control_symbols: Sequence[str] | None = None
    """Pieces that text never yields."""
    user_defined_symbols: Sequence[str] | None = None
    """Pieces that are never cut."""
    byte_fallback: bool = False
    """Write an unknown character as its UTF-8 bytes."""
    split_digits: bool = False
    """Every digit is a piece."""
    split_by_whitespace: bool = True
    """Pieces do not cross words."""
    split_by_unicode_script: bool = True
    """Pieces do not cross scripts."""
    remove_extra_whitespaces: bool = False
    """Collapse runs of spaces."""

    def trainer_arguments(self) -> dict[str, Any]:
        """The same in SentencePiece's own names."""
        arguments = dataclasses.asdict(self)
        special = {name: arguments.pop(name) for name in ("bos", "eos", "pad")}
        arguments["control_symbols"] = list(self.control_symbols or [])
        arguments["user_defined_symbols"] = list(self.user_defined_symbols or [])
        if self.max_sentencepiece_length <= 0:
            del arguments["max_sentencepiece_length"]
        if not self.train_extremely_large_corpus:
            del arguments["train_extremely_large_corpus"]
        return arguments | _special_ids(**special)


def create_spt_model(
    data_file: str | os.PathLike[str],
    vocab_size: int,
    sample_size: int,
    do_lower_case: bool,
    tokenizer_type: str = "unigram",
    output_dir: str | None = None,
    **options: Any,
) -> tuple[str, str]:
    """Trains a SentencePiece model on a text file and writes ``tokenizer.model``, ``tokenizer.vocab``, ``vocab.txt``.

    A folder that holds a ``tokenizer.model`` already is left as it is.

    Args:
        data_file: UTF-8 text, one sentence a line.
        vocab_size: number of pieces, special ones included; a small text gives fewer.
        sample_size: sentences to train on, drawn at random, at least 101; -1 for all.
        do_lower_case: lower-case the text (Unicode case folding), now and when the model is used.
        tokenizer_type: unigram, bpe, char or word.
        output_dir: folder to write to; None for the folder ``spt`` beside `data_file`.
        **options: fields of :class:`SentencePieceOptions`.

    Returns:
        Paths of ``tokenizer.model`` and ``vocab.txt``.

    Raises:
        FileNotFoundError: there is no `data_file`.
        ConfigError: the text does not allow such a model; the message says why.
    """
    data = Path(data_file)
    if not data.is_file():
        raise FileNotFoundError(f"Text file {data} does not exist. Give a UTF-8 text file, one sentence a line.")
    arguments = SentencePieceOptions(**options).trainer_arguments()
    arguments |= {"model_type": tokenizer_type, "vocab_size": vocab_size, "hard_vocab_limit": False}
    if do_lower_case:
        arguments["normalization_rule_name"] = "nmt_nfkc_cf"
    if sample_size > 0:
        arguments |= {"input_sentence_size": max(sample_size, 101), "shuffle_input_sentence": True}
    folder = Path(output_dir) if output_dir is not None else data.parent / "spt"
    model, vocabulary = folder / "tokenizer.model", folder / "vocab.txt"
    if model.is_file():
        logger.info("%s exists and is kept; delete it to train anew", model)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        _train(data, arguments, folder)
    return str(model), str(vocabulary)


def _special_ids(**wanted: bool) -> dict[str, int]:
    """Ids as archives have them: unknown is 0, then those wanted, in this order; -1 for the others."""
    present = [name for name, want in wanted.items() if want]
    return {"unk_id": 0} | {f"{name}_id": present.index(name) + 1 if name in present else -1 for name in wanted}


def _train(data: Path, options: dict[str, Any], folder: Path) -> None:
    sentencepiece = require("sentencepiece", extra="asr", purpose="Training a tokenizer")
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        prefix = Path(temporary) / "tokenizer"
        try:
            with open(data, encoding="utf-8") as file:  # not `input=`: it cuts paths at commas
                sentences = (line.rstrip("\r\n") for line in file)
                sentencepiece.SentencePieceTrainer.train(
                    sentence_iterator=sentences, model_prefix=str(prefix), minloglevel=2, **options
                )
        except RuntimeError as error:
            raise ConfigError(
                f"SentencePiece cannot train {options['vocab_size']} pieces of kind {options['model_type']} on {data}: "
                f"{error}. Change the number of pieces, or give more text."
            ) from error
        with atomic_write(folder / "vocab.txt") as path:
            path.write_text("".join(_bert_like(prefix.with_suffix(".vocab"))), encoding="utf-8")
        for suffix in (".vocab", ".model"):  # the model last: its presence says that all is there
            with atomic_write(folder / f"tokenizer{suffix}") as path:
                shutil.copyfile(prefix.with_suffix(suffix), path)


def _bert_like(vocab_file: Path) -> list[str]:
    """Lines of vocab.txt: pieces that begin a word bare, the others after ``##``; special pieces are left out."""
    pieces = [line.split("\t")[0] for line in vocab_file.read_text(encoding="utf-8").split("\n") if line]
    ordinary = [piece for piece in pieces if piece not in (WORD_START, *_SPECIAL_PIECES)]
    return [f"{piece[1:] if piece.startswith(WORD_START) else '##' + piece}\n" for piece in ordinary]
