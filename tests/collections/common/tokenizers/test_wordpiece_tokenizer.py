"""WordPiece against the library `tokenizers` (recorded)."""

import json

import pytest

from nemo.collections.common.tokenizers import WordPieceTokenizer
from nemo.utils.exceptions import ConfigError
from tests.conftest import REPOSITORY

REFERENCE = json.loads((REPOSITORY / "tests/data/tokenizers/wordpiece.json").read_text())


@pytest.fixture
def vocab_file(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(REFERENCE["vocabulary"]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["cased", "uncased"])
def test_tokens_equal_the_reference(vocab_file, kind):
    tokenizer = WordPieceTokenizer(vocab_file, do_lower_case=kind == "uncased")
    for case in REFERENCE["cases"]:
        assert tokenizer.text_to_tokens(case["text"]) == case[kind], case["text"]


def test_ids_are_lines_and_text_comes_back(vocab_file):
    tokenizer = WordPieceTokenizer(vocab_file)
    ids = tokenizer.text_to_ids("the fox jumps")
    assert ids == [5, 8, 9, 10]
    assert tokenizer.ids_to_text([2, *ids, 3, 0]) == "the fox jumps"
    assert tokenizer.tokens_to_ids("nothing") == tokenizer.unk_id == 1
    assert (tokenizer.pad_id, tokenizer.cls, tokenizer.sep, tokenizer.mask, tokenizer.bos_id) == (0, 2, 3, 4, 2)
    assert tokenizer.vocab == REFERENCE["vocabulary"]
    assert tokenizer.tokenizer.get_vocab()["fox"] == 8


def test_bad_vocabularies_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.txt does not exist"):
        WordPieceTokenizer(tmp_path / "gone.txt")
    for content, said in ((b"", "is empty"), (b"\xff\xfe", "not UTF-8"), (b"a\nb\n", "no piece")):
        (tmp_path / "vocab.txt").write_bytes(content)
        with pytest.raises(ConfigError, match=said):
            WordPieceTokenizer(tmp_path / "vocab.txt")
