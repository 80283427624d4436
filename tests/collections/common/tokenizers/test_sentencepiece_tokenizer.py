"""SentencePiece: models of archives, training, special tokens."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from nemo.collections.common.tokenizers import SentencePieceTokenizer, create_spt_model
from nemo.utils.exceptions import ConfigError
from tests.conftest import REPOSITORY

BPE64 = REPOSITORY / "tests/data/tokenizers/bpe64"
SENTENCES = ["the cat sat on the mat", "a dog ran over the hill", "Cats and dogs and Mats", "the the the"] * 20


@pytest.fixture
def text_file(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(SENTENCES))
    return path


def test_a_model_of_the_original_gives_its_pieces():
    tokenizer = SentencePieceTokenizer(BPE64 / "tokenizer.model")
    assert tokenizer.vocab_size == 64
    assert tokenizer.vocab == [line.split("\t")[0] for line in (BPE64 / "tokenizer.vocab").read_text().splitlines()]
    tokens = tokenizer.text_to_tokens("the station")
    assert "".join(tokens) == "▁the▁station"
    ids = tokenizer.text_to_ids("the station")
    assert tokenizer.ids_to_tokens(ids) == tokens
    assert tokenizer.tokens_to_ids(tokens) == ids
    assert tokenizer.tokens_to_ids(tokens, tokens_to_skip=["▁the"]) == ids[1:]
    assert tokenizer.tokens_to_ids("▁the") == 6
    assert tokenizer.tokens_to_text(tokens) == "the station"
    for kind in (list, np.array, torch.tensor):
        assert tokenizer.ids_to_text(kind(ids)) == "the station"
    assert (tokenizer.pad_id, tokenizer.bos_id, tokenizer.eos_id, tokenizer.unk_id) == (-1, -1, -1, 0)


def test_a_model_is_read_from_bytes_and_survives_pickling():
    tokenizer = SentencePieceTokenizer((BPE64 / "tokenizer.model").read_bytes())
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again.text_to_ids("the cat") == tokenizer.text_to_ids("the cat")


def test_bad_models_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.model does not exist"):
        SentencePieceTokenizer(tmp_path / "gone.model")
    for content in (
        b"",
        b"hello",
        (BPE64 / "tokenizer.vocab").read_bytes(),
        (BPE64 / "tokenizer.model").read_bytes()[:99],
    ):
        (tmp_path / "bad.model").write_bytes(content)
        with pytest.raises(ConfigError, match=r"bad\.model is not a SentencePiece model"):
            SentencePieceTokenizer(tmp_path / "bad.model")
    with pytest.raises(ConfigError, match="the given bytes"):
        SentencePieceTokenizer(b"x")


@pytest.mark.parametrize("kind", ["unigram", "bpe", "char", "word"])
def test_training_writes_three_files(text_file, tmp_path, kind):
    model, vocabulary = create_spt_model(text_file, 30, -1, True, tokenizer_type=kind, output_dir=str(tmp_path / kind))
    assert sorted(path.name for path in (tmp_path / kind).iterdir()) == [
        "tokenizer.model",
        "tokenizer.vocab",
        "vocab.txt",
    ]
    tokenizer = SentencePieceTokenizer(model)
    assert tokenizer.vocab_size <= 30
    assert tokenizer.ids_to_text(tokenizer.text_to_ids("The Cat sat")) == "the cat sat"
    lines = Path(vocabulary).read_text(encoding="utf-8").split()
    expected = [p[1:] if p.startswith("▁") else f"##{p}" for p in tokenizer.vocab if p not in ("<unk>", "▁")]
    assert lines == expected


def test_vocab_txt_equals_what_the_original_wrote():
    pieces = SentencePieceTokenizer(BPE64 / "tokenizer.model").vocab
    expected = [p[1:] if p.startswith("▁") else f"##{p}" for p in pieces if p not in ("<unk>", "▁")]
    assert (BPE64 / "vocab.txt").read_text(encoding="utf-8").split() == expected


def test_training_options_reach_the_model(text_file, tmp_path):
    model, _ = create_spt_model(
        text_file, 40, 50, False, "bpe", str(tmp_path / "t"), bos=True, pad=True, user_defined_symbols=["<n>"]
    )
    tokenizer = SentencePieceTokenizer(model)
    assert (tokenizer.unk_id, tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id) == (0, 1, -1, 2)
    assert "<n>" in tokenizer.vocab
    assert "C" in "".join(tokenizer.vocab)
    before = (tmp_path / "t/tokenizer.model").read_bytes()
    create_spt_model(text_file, 20, -1, False, "bpe", str(tmp_path / "t"))
    assert (tmp_path / "t/tokenizer.model").read_bytes() == before


def test_training_that_cannot_be_done_says_why(text_file, tmp_path):
    with pytest.raises(ConfigError, match="cannot train 3 pieces of kind bpe"):
        create_spt_model(text_file, 3, -1, True, "bpe", str(tmp_path / "big"))
    assert list((tmp_path / "big").iterdir()) == []
    with pytest.raises(FileNotFoundError, match=r"none\.txt"):
        create_spt_model(tmp_path / "none.txt", 9, -1, True)


def test_special_tokens_need_legacy_mode():
    with pytest.raises(ValueError, match="legacy"):
        SentencePieceTokenizer(BPE64 / "tokenizer.model", special_tokens=["[CLS]"])
    with pytest.raises(ValueError, match="legacy"):
        SentencePieceTokenizer(BPE64 / "tokenizer.model").add_special_tokens(["[CLS]"])


def test_legacy_special_tokens_have_ids_after_the_model_and_stay_whole():
    roles = {"cls_token": "[CLS]", "sep_token": "[SEP]", "bos_token": "[CLS]"}
    tokenizer = SentencePieceTokenizer(BPE64 / "tokenizer.model", roles, legacy=True)
    assert tokenizer.vocab_size == 66
    assert (tokenizer.cls_id, tokenizer.sep_id, tokenizer.bos_id, tokenizer.cls) == (64, 65, 64, 64)
    plain = SentencePieceTokenizer(BPE64 / "tokenizer.model").text_to_ids("the cat")
    ids = tokenizer.text_to_ids("[CLS]the cat[SEP]")
    assert ids == [64, *plain, 65]
    assert tokenizer.text_to_tokens("[CLS]the")[0] == "[CLS]"
    assert tokenizer.ids_to_tokens([64, 6]) == ["[CLS]", "▁the"]
    assert tokenizer.ids_to_text(ids) == "[CLS] the cat [SEP]"
    assert tokenizer.tokens_to_text(["[CLS]", "▁the"]) == "the"
    assert tokenizer.add_special_tokens(["<x>", "[SEP]"]) == 1
    assert tokenizer.additional_special_tokens_ids == [66]
    assert tokenizer.vocab[-3:] == ["[CLS]", "[SEP]", "<x>"]


def test_roles_that_a_model_lacks_are_attribute_errors():
    tokenizer = SentencePieceTokenizer(BPE64 / "tokenizer.model")
    with pytest.raises(AttributeError):
        _ = tokenizer.mask_id
    with pytest.raises(AttributeError):
        _ = tokenizer.eod
    assert tokenizer.name == "SentencePieceTokenizer"
    assert "SentencePieceTokenizer" in tokenizer.unique_identifiers["class"]


def test_a_bare_mark_after_a_special_token_can_be_left_out(text_file, tmp_path):
    model, _ = create_spt_model(text_file, 20, -1, True, "char", str(tmp_path / "c"))
    keeps = SentencePieceTokenizer(model, ["[x]"], legacy=True)
    trims = SentencePieceTokenizer(model, ["[x]"], legacy=True, trim_spm_separator_after_special_token=True)
    assert keeps.text_to_tokens("at[x]at") == ["▁", "a", "t", "[x]", "▁", "a", "t"]
    assert trims.text_to_tokens("at[x]at") == ["▁", "a", "t", "[x]", "a", "t"]
    for tokenizer in (keeps, trims):
        tokens = tokenizer.text_to_tokens("[x]cat[x][x] the")
        assert tokenizer.text_to_ids("[x]cat[x][x] the") == tokenizer.tokens_to_ids(tokens)
        assert tokens[0] == "[x]"


@pytest.mark.parametrize(
    ("options", "text", "pieces"),
    [
        ({"byte_fallback": True, "character_coverage": 0.99}, "é", ["▁", "<0xC3>", "<0xA9>"]),
        ({"split_digits": True, "user_defined_symbols": ["<n>"]}, "a<n>", ["▁a", "<n>"]),
        ({"control_symbols": ["<c>"], "bos": True, "eos": True}, "a", ["▁a"]),
        ({"remove_extra_whitespaces": True}, "a  dog", ["▁a", "▁dog"]),
        ({"remove_extra_whitespaces": False}, "a  dog", ["▁a", "▁", "▁dog"]),
    ],
)
def test_each_option_of_training_has_its_effect(text_file, tmp_path, options, text, pieces):
    size = 320 if "byte_fallback" in options else 45
    model, _ = create_spt_model(text_file, size, -1, True, "bpe", str(tmp_path / "o"), **options)
    tokenizer = SentencePieceTokenizer(model)
    assert tokenizer.text_to_tokens(text) == pieces
    if "control_symbols" in options:
        assert tokenizer.vocab[:4] == ["<unk>", "<s>", "</s>", "<c>"]
        assert "<c>" not in tokenizer.text_to_tokens("<c>")
    with pytest.raises(TypeError, match="splits"):
        create_spt_model(text_file, 20, -1, True, "bpe", str(tmp_path / "p"), splits=True)


def test_damaged_models_fail_when_they_are_read(tmp_path):
    content = (BPE64 / "tokenizer.model").read_bytes()
    piece = "▁the".encode()
    broken = content.replace(piece, piece[:-1] + b"\xff", 1)
    assert broken != content
    (tmp_path / "m.model").write_bytes(broken)
    with pytest.raises(ConfigError, match=r"m\.model is not a SentencePiece model"):
        SentencePieceTokenizer(tmp_path / "m.model")
