"""Dictionaries of fairseq."""

import pytest

from nemo.collections.common.tokenizers.fairseq_tokenizer import FairseqTokenizer
from nemo.utils.exceptions import ConfigError


def test_words_follow_the_four_special_tokens(tmp_path):
    (tmp_path / "dict.txt").write_text("the 9\ncat 5 #fairseq:overwrite\nli st@@ 2\n")
    tokenizer = FairseqTokenizer(tmp_path / "dict.txt")
    assert tokenizer.vocab == ["<s>", "<pad>", "</s>", "<unk>", "the", "cat", "li st@@"]
    assert (tokenizer.bos, tokenizer.pad, tokenizer.eos, tokenizer.unk_id) == (0, 1, 2, 3)
    assert tokenizer.text_to_ids("the dog  cat") == [4, 3, 5]
    assert tokenizer.ids_to_text([0, 4, 5, 2, 1]) == "the cat"
    assert tokenizer.tokens_to_ids("cat") == 5
    assert tokenizer.vocab_size == 7


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("the\n", "line 1 is 'the'"),
        ("the 1\ncat x\n", "line 2 is 'cat x'"),
        ("a 1\na 2\n", "'a' twice"),
        ("", "is empty"),
    ],
)
def test_faulty_dictionaries_are_named(tmp_path, content, said):
    (tmp_path / "dict.txt").write_text(content)
    with pytest.raises(ConfigError, match=rf"dict\.txt.*{said}"):
        FairseqTokenizer(tmp_path / "dict.txt")
