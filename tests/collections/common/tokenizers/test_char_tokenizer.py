"""Character tokenizers and their vocabulary files."""

import pytest

from nemo.collections.common.tokenizers import CharTokenizer
from nemo.utils.exceptions import ConfigError


@pytest.fixture
def vocab_file(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text('{"unk_token": "[UNK]", "bos_token": "[BOS]", "eos_token": "[EOS]"}\n\'a\'\n"\'"\n\'\\n\'\n\'ж\'\n')
    return path


def test_special_tokens_come_first_then_the_lines(vocab_file):
    tokenizer = CharTokenizer(vocab_file)
    assert list(tokenizer.vocab) == ["[UNK]", "[BOS]", "[EOS]", "a", "'", "\n", "ж"]
    assert tokenizer.vocab_size == 7
    assert tokenizer.text_to_ids("aж\n'?") == [3, 6, 5, 4, 0]
    assert tokenizer.ids_to_tokens([0, 3]) == ["[UNK]", "a"]
    assert tokenizer.ids_to_text([1, 3, 6, 0, 2]) == "aж"
    assert tokenizer.tokens_to_text(["a", "'"]) == "a'"
    assert (tokenizer.unk_id, tokenizer.bos, tokenizer.eos_id) == (0, 1, 2)
    with pytest.raises(AttributeError):
        _ = tokenizer.pad_id


def test_special_tokens_can_begin_and_end_every_text(vocab_file):
    tokenizer = CharTokenizer(
        vocab_file,
        special_token_to_prepend="bos_token",
        special_token_to_append="eos_token",
        special_tokens_to_remove_while_decoding=["bos_token"],
    )
    assert tokenizer.text_to_tokens("a") == ["[BOS]", "a", "[EOS]"]
    assert tokenizer.ids_to_text([1, 3, 2]) == "a[EOS]"
    with pytest.raises(ConfigError, match="no such token"):
        CharTokenizer(vocab_file, special_token_to_prepend="cls_token")


def test_without_an_unknown_token_characters_are_left_out(tmp_path):
    (tmp_path / "v").write_text("'a'\n")
    tokenizer = CharTokenizer(tmp_path / "v", pad_token="<p>")
    assert tokenizer.text_to_ids("bab") == [1]
    assert tokenizer.pad_id == 0
    with pytest.raises(ConfigError, match="'b' is not in the vocabulary"):
        tokenizer.tokens_to_ids(["b"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\n", "line 1 is 'a'"),
        ("'a'\n'bc'\n", "line 2"),
        ("'a'\n7\n", "line 2 is '7'"),
        ("'a'\n'a'\n", "lists 'a' 2 times"),
        ('{"unk": "x"}\n', "'unk'"),
        ('{"unk_token": \n', "not JSON"),
    ],
)
def test_bad_vocabularies_are_named(tmp_path, content, said):
    (tmp_path / "v").write_text(content)
    with pytest.raises(ConfigError, match=said):
        CharTokenizer(tmp_path / "v")


def test_a_vocabulary_is_built_from_text(tmp_path):
    CharTokenizer.build_vocab(tmp_path / "v", text="aab b\n!", characters_to_exclude="!", unk_token="<u>")
    tokenizer = CharTokenizer(tmp_path / "v")
    assert list(tokenizer.vocab) == ["<u>", "a", "b", "\n", " "]
    (tmp_path / "t").write_text("abcabca")
    CharTokenizer.build_vocab(tmp_path / "v", text_file_name=tmp_path / "t", vocab_size=2)
    assert list(CharTokenizer(tmp_path / "v").vocab) == ["a", "b"]
    for wrong in ({}, {"text": "a", "text_file_name": "t"}, {"text": "a", "oov_token": "?"}):
        with pytest.raises(ConfigError):
            CharTokenizer.build_vocab(tmp_path / "v", **wrong)
