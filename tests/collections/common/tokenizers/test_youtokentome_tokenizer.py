"""YouTokenToMe models, against what the library itself makes of them (tests/data/tokenizers/make_yttm.py)."""

import json
import pickle
import random

import numpy as np
import pytest
import torch

from nemo.collections.common.tokenizers import YouTokenToMeTokenizer
from nemo.collections.common.tokenizers.youtokentome_model import YouTokenToMeModel
from nemo.utils.exceptions import ConfigError
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "tests/data/tokenizers/yttm"
REFERENCE = json.loads((FOLDER / "reference.json").read_text())
USUAL = FOLDER / "usual.model"


@pytest.mark.parametrize("name", ["usual", "rare"])
def test_equals_the_library(name):
    expected = REFERENCE["models"][name]
    tokenizer = YouTokenToMeTokenizer(FOLDER / f"{name}.model")
    assert tokenizer.vocab == expected["vocabulary"]
    assert tokenizer.vocab_size == len(expected["vocabulary"]) == 90
    for _ in range(2):  # the second time from the cache
        assert [tokenizer.text_to_ids(text) for text in REFERENCE["texts"]] == expected["ids"]
        assert [tokenizer.text_to_tokens(text) for text in REFERENCE["texts"]] == expected["pieces"]
    assert [tokenizer.tokenizer.decode(ids) for ids in expected["ids"]] == expected["decoded"]
    assert [tokenizer.tokenizer.decode(ids) for ids in REFERENCE["ids"]] == expected["text_of_ids"]


def test_special_pieces_have_the_ids_that_the_model_says():
    usual, rare = (YouTokenToMeTokenizer(FOLDER / f"{name}.model") for name in ("usual", "rare"))
    assert (usual.pad_id, usual.unk_id, usual.bos_id, usual.eos_id) == (0, 1, 2, 3)
    assert (rare.pad_id, rare.unk_id, rare.bos_id, rare.eos_id) == (3, 0, 1, 2)
    assert (usual.pad, usual.bos, usual.eos) == (0, 2, 3)
    assert usual.tokens_to_ids(["<BOS>", "▁the", "no such piece"]) == [2, usual.tokens_to_ids("▁the"), 1]
    with pytest.raises(AttributeError):
        _ = usual.mask


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_text_leaves_out_special_tokens_and_legacy_tokens_do_too(kind):
    tokenizer = YouTokenToMeTokenizer(USUAL)
    ids = kind([2, *tokenizer.text_to_ids("the cat"), 3, 0, 0])
    assert tokenizer.ids_to_text(ids) == "the cat"
    assert tokenizer.ids_to_tokens(ids) == ["<BOS>", "▁the", "▁cat", "<EOS>", "<PAD>", "<PAD>"]
    assert YouTokenToMeTokenizer(USUAL, legacy=True).ids_to_tokens(ids) == ["▁the", "▁cat"]
    assert tokenizer.tokens_to_text(["▁the", "▁cat"]) == "the cat"


def test_right_to_left_reverses_tokens():
    forward, backward = YouTokenToMeTokenizer(USUAL), YouTokenToMeTokenizer(USUAL, r2l=True)
    text = "the cats and a dog"
    assert backward.text_to_ids(text) == forward.text_to_ids(text)[::-1]
    assert backward.text_to_tokens(text) == forward.text_to_tokens(text)[::-1]
    assert backward.ids_to_text(backward.text_to_ids(text)) == text


def test_dropout_varies_the_pieces_but_not_the_text():
    tokenizer = YouTokenToMeTokenizer(USUAL, bpe_dropout=0.3)
    text = "the cats and dogs ran over the hill"
    plain = YouTokenToMeTokenizer(USUAL).text_to_ids(text)
    random.seed(1)
    first = [tuple(tokenizer.text_to_ids(text)) for _ in range(20)]
    random.seed(1)
    assert [tuple(tokenizer.text_to_ids(text)) for _ in range(20)] == first
    assert len(set(first)) > 10
    assert all(len(ids) >= len(plain) and tokenizer.ids_to_text(ids) == text for ids in first)
    letters = YouTokenToMeTokenizer(USUAL, bpe_dropout=1.0).text_to_tokens("the cat")
    assert letters == ["▁", "t", "h", "e", "▁", "c", "a", "t"]
    assert YouTokenToMeTokenizer(USUAL, bpe_dropout=None).text_to_ids(text) == plain
    with pytest.raises(ConfigError, match=r"bpe_dropout is 1\.5"):
        YouTokenToMeTokenizer(USUAL, bpe_dropout=1.5)


def test_dropout_is_as_strong_as_the_library_s():
    # the library's mean over 20,000 draws: 26.346 pieces (standard deviation of one draw: 3.2)
    tokenizer = YouTokenToMeTokenizer(USUAL, bpe_dropout=0.5)
    random.seed(0)
    counts = [len(tokenizer.text_to_ids("the cats and dogs aaaaa ababab naïve")) for _ in range(2000)]
    assert sum(counts) / len(counts) == pytest.approx(26.346, abs=0.3)


def test_a_tokenizer_survives_pickling():
    tokenizer = YouTokenToMeTokenizer(USUAL)
    assert pickle.loads(pickle.dumps(tokenizer)).text_to_ids("the cat") == tokenizer.text_to_ids("the cat")


LINES = ["2 1", "9601 4", "97 5", "4 5 6", "1 0 2 3"]


def test_the_smallest_model_is_read(tmp_path):
    (tmp_path / "m.model").write_text("\r\n".join(LINES) + "\r\n")
    model = YouTokenToMeModel(tmp_path / "m.model")
    assert model.vocab() == ["<PAD>", "<UNK>", "<BOS>", "<EOS>", "▁", "a", "▁a"]
    assert model.encode("a b") == [6, 4, 1]


@pytest.mark.parametrize(
    ("line", "new", "said"),
    [
        (0, "2 2", r"announces 2 characters and 2 rules, but has 5 lines"),
        (0, "99999999999 1", r"line 1 is '99999999999 1'"),
        (0, "hello", r"line 1 is 'hello'"),
        (1, "9601", r"line 2 is '9601'. Expected a code point and an id"),
        (1, "55296 4", "code point 55296"),
        (1, "1114112 4", "code point 1114112"),
        (2, "97 4", "defines the id 4 a second time"),
        (3, "4 7 6", "joins the piece 7"),
        (3, "4 6 6", "joins the piece 6"),
        (3, "4 5 8", "ids are not 0 to 6"),
        (4, "1 0 2", "line 5 is '1 0 2'"),
        (4, "1 0 2 4", "defines the id 4 a second time"),
        (4, "1 0 2 ٣", "whole numbers"),
        (4, "1" * 300, "has 300 characters"),
    ],
)
def test_models_that_are_wrong_are_refused_by_file_and_line(tmp_path, line, new, said):
    lines = [*LINES[:line], new, *LINES[line + 1 :]]
    (tmp_path / "bad.model").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"bad\.model.*{said}"):
        YouTokenToMeModel(tmp_path / "bad.model")


def test_other_files_are_refused_by_name(tmp_path):
    sentencepiece = REPOSITORY / "tests/data/tokenizers/bpe64/tokenizer.model"
    for content, said in ((b"", "is empty"), (b"\xff\xfe\x00", "not UTF-8"), (sentencepiece.read_bytes(), "m.model")):
        (tmp_path / "m.model").write_bytes(content)
        with pytest.raises(ConfigError, match=said):
            YouTokenToMeTokenizer(tmp_path / "m.model")
    with pytest.raises(FileNotFoundError, match=r"gone\.model does not exist"):
        YouTokenToMeTokenizer(tmp_path / "gone.model")


def test_rules_that_double_a_piece_do_not_fill_the_memory(tmp_path):
    rules = [f"{index} {index} {index + 1}" for index in range(5, 65)]
    lines = ["2 60", "9601 4", "97 5", *rules, "1 0 2 3"]
    (tmp_path / "bomb.model").write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match=r"bomb\.model line 13 makes a piece of 1024 characters"):
        YouTokenToMeModel(tmp_path / "bomb.model")
