"""Bytes as tokens."""

import numpy as np
import pytest

from nemo.collections.common.tokenizers import ByteLevelTokenizer
from nemo.collections.common.tokenizers.bytelevel_tokenizers import ByteLevelProcessor
from nemo.utils.exceptions import ConfigError


def test_ids_are_the_bytes_of_the_text():
    tokenizer = ByteLevelTokenizer()
    for text in ("the cat", "naïve 中文 ☃", "\x00\x7f", ""):
        assert tokenizer.text_to_ids(text) == list(text.encode()) == tokenizer.text_to_tokens(text)
        assert tokenizer.ids_to_text(np.array(tokenizer.text_to_ids(text), dtype=int)) == text
    assert (tokenizer.vocab_size, tokenizer.pad, tokenizer.bos, tokenizer.eos) == (259, 256, 257, 258)
    assert len(tokenizer.vocab) == 259
    with pytest.raises(AttributeError):
        _ = tokenizer.mask


def test_special_ids_and_broken_characters_are_no_text():
    tokenizer = ByteLevelTokenizer(["<a>", "<b>", "<a>"])
    assert tokenizer.vocab_size == 261
    assert tokenizer.ids_to_text([257, 104, 105, 0xC3, 259, 258, 256]) == "hi"
    assert tokenizer.tokens_to_ids(["<b>", 104]) == [260, 104]
    assert tokenizer.id_to_special_token == {259: "<a>", 260: "<b>"}
    assert ByteLevelTokenizer({"mask_token": "<m>"}).token_to_id("<m>") == 259
    with pytest.raises(ConfigError, match="'<c>' is no special token"):
        tokenizer.token_to_id("<c>")


def test_the_processor_leaves_text_alone():
    processor = ByteLevelProcessor()
    assert processor.tokenize(" a  b ") == processor.normalize(" a  b ") == " a  b "
    assert processor.detokenize(["a", "b"]) == "a b"
