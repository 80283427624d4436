"""Tokenizers by the names in configs of text models."""

import json

import pytest
from omegaconf import OmegaConf

from nemo.collections.common.tokenizers import (
    AutoTokenizer,
    ByteLevelTokenizer,
    CharTokenizer,
    RegExTokenizer,
    SentencePieceTokenizer,
    TabularTokenizer,
    WordTokenizer,
    YouTokenToMeTokenizer,
)
from nemo.collections.common.tokenizers.by_name import get_nmt_tokenizer, get_tokenizer
from nemo.collections.common.tokenizers.column_coder import ColumnCodes
from nemo.utils.exceptions import ConfigError
from tests.conftest import REPOSITORY

DATA = REPOSITORY / "tests/data/tokenizers"
SPE = str(DATA / "bpe64/tokenizer.model")
YTTM = str(DATA / "yttm/usual.model")


@pytest.fixture
def files(tmp_path):
    words = json.loads((DATA / "wordpiece.json").read_text())["vocabulary"]
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (tmp_path / "words.txt").write_text("the\ncat\n")
    (tmp_path / "chars.txt").write_text("'t'\n'h'\n")
    tokenizer = RegExTokenizer("[a-z]")
    tokenizer.save_tokenizer(tmp_path / "r.model", tmp_path / "r.vocab")
    ColumnCodes.get_column_codes([{"name": "a", "code_type": "category"}], {"a": ["x", "y"]}).save(tmp_path / "t.json")
    return tmp_path


def test_names_of_text_models(files):
    bert = get_tokenizer("bert-base-uncased", vocab_file=str(files / "vocab.txt"), special_tokens=None, use_fast=None)
    assert type(bert) is AutoTokenizer
    assert bert.text_to_tokens("The") == ["the"]
    assert get_tokenizer("megatron-bert-345m-cased", vocab_file=files / "vocab.txt").text_to_tokens("The") == ["The"]
    special = OmegaConf.create({"cls_token": "[CLS]", "pad_token": "[P]"})
    assert (
        get_tokenizer("bert-base-uncased", vocab_file=files / "vocab.txt", special_tokens=special).pad
        == bert.vocab_size
    )
    pieces = get_tokenizer("sentencepiece", tokenizer_model=SPE, special_tokens=special)
    assert type(pieces) is SentencePieceTokenizer
    assert (pieces.cls_id, pieces.pad_id) == (64, 65)
    assert type(get_tokenizer("yttm", tokenizer_model=YTTM)) is YouTokenToMeTokenizer
    words = get_tokenizer("word", vocab_file=files / "words.txt", special_tokens={"unk_token": "?"})
    assert type(words) is WordTokenizer
    assert words.text_to_ids("the dog") == [1, 0]
    assert type(get_tokenizer("char", vocab_file=files / "chars.txt")) is CharTokenizer
    regex = get_tokenizer("regex", tokenizer_model=files / "r.model", vocab_file=files / "r.vocab")
    assert type(regex) is RegExTokenizer
    assert regex.regex == "[a-z]"


def test_libraries_of_translation_models(files):
    yttm = get_nmt_tokenizer(tokenizer_model=YTTM, bpe_dropout=None, r2l=True, legacy=None)
    assert type(yttm) is YouTokenToMeTokenizer
    assert yttm.r2l
    pieces = get_nmt_tokenizer("sentencepiece", tokenizer_model=SPE, special_tokens=["[x]"])
    assert pieces.vocab_size == 64
    assert get_nmt_tokenizer("sentencepiece", tokenizer_model=SPE, special_tokens=["[x]"], legacy=True).vocab_size == 65
    assert type(get_nmt_tokenizer("byte-level")) is ByteLevelTokenizer
    assert type(get_nmt_tokenizer("char", vocab_file=files / "chars.txt")) is CharTokenizer
    assert (
        type(get_nmt_tokenizer("regex", tokenizer_model=files / "r.model", vocab_file=files / "r.vocab"))
        is RegExTokenizer
    )
    for library in ("huggingface", "megatron"):
        found = get_nmt_tokenizer(library, "bert-base-uncased", vocab_file=files / "vocab.txt", special_tokens=["<x>"])
        assert found.additional_special_tokens_ids == [found.vocab_size - 1]
    table = get_nmt_tokenizer("tabular", vocab_file=files / "t.json", delimiter=";")
    assert type(table) is TabularTokenizer
    assert table.delimiter == ";"


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: get_nmt_tokenizer("fasttext"), r"tokenizer\.library is 'fasttext'. Expected one of yttm"),
        (lambda: get_nmt_tokenizer("yttm"), r"tokenizer\.tokenizer_model is not set, and the tokenizer 'yttm'"),
        (lambda: get_nmt_tokenizer("huggingface"), r"model_name is not set.*name of a published model"),
        (lambda: get_nmt_tokenizer("huggingface", "x", trust_remote_code=True), "trust_remote_code"),
        (lambda: get_tokenizer("word"), r"tokenizer\.vocab_file is not set"),
        (lambda: get_tokenizer("regex", tokenizer_model="x"), r"tokenizer\.vocab_file is not set"),
    ],
)
def test_what_is_missing_is_named(build, said):
    with pytest.raises(ConfigError, match=said):
        build()
