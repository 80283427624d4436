"""Words."""

import pytest

from nemo.collections.common.tokenizers import WordTokenizer
from nemo.utils.exceptions import ConfigError


@pytest.fixture
def vocab_file(tmp_path):
    path = tmp_path / "words.txt"
    WordTokenizer.build_vocab(path, text="the cat and the dog\nthe cat", unk_token="<UNK>", eos_token="</s>")
    return path


def test_a_vocabulary_lists_words_by_frequency_after_special_tokens(vocab_file):
    assert vocab_file.read_text() == '{"unk_token": "<UNK>", "eos_token": "</s>"}\nthe\ncat\nand\ndog\n'
    tokenizer = WordTokenizer(vocab_file)
    assert tokenizer.vocab == {"<UNK>": 0, "</s>": 1, "the": 2, "cat": 3, "and": 4, "dog": 5}
    assert (tokenizer.unk_id, tokenizer.eos_id, tokenizer.eos) == (0, 1, 1)


def test_words_become_ids_and_come_back_with_one_space(vocab_file):
    tokenizer = WordTokenizer(vocab_file, special_token_to_append="eos_token")
    assert tokenizer.text_to_ids("the\tdog  barks") == [2, 5, 0, 1]
    assert tokenizer.text_to_tokens("the dog barks") == ["the", "dog", "<UNK>", "</s>"]
    assert tokenizer.ids_to_text([2, 5, 0, 1]) == "the dog"
    assert tokenizer.tokens_to_text(["the", "dog"]) == "the dog"
    assert tokenizer.tokens_to_ids("cat") == 3


def test_without_an_unknown_token_other_words_are_left_out(tmp_path):
    (tmp_path / "v.txt").write_text("a\nb\n")
    tokenizer = WordTokenizer(tmp_path / "v.txt")
    assert tokenizer.text_to_ids("a c b") == [0, 1]
    with pytest.raises(AttributeError, match="unk_token"):
        _ = tokenizer.unk_id


def test_quoted_words_are_words_too(tmp_path):
    (tmp_path / "v.txt").write_text("'don\\'t'\n\"the\"\n")
    assert list(WordTokenizer(tmp_path / "v.txt").vocab) == ["don't", "the"]
    (tmp_path / "v.txt").write_text("'em'\nthe\n")
    assert list(WordTokenizer(tmp_path / "v.txt").vocab) == ["'em'", "the"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("the\ncat sat\n", r"v\.txt line 2 is 'cat sat'"),
        ("the\nthe\n", "lists 'the' 2 times"),
        ("'a b'\n", r"line 1 is 'a b'"),
        ("'a\\'\n", "mend the quotes"),
        ("{x\n", "line 1 is not JSON"),
        ('{"unk": "x"}\na\n', "'unk'"),
        ("\n\n", "is empty"),
    ],
)
def test_bad_vocabularies_are_named(tmp_path, content, said):
    (tmp_path / "v.txt").write_text(content)
    with pytest.raises(ConfigError, match=said):
        WordTokenizer(tmp_path / "v.txt")
