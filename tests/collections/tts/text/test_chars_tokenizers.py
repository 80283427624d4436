"""Ids of characters, against ids recorded from the original and against the order that the classes state."""

import pytest

from nemo.collections.tts.text import (
    EnglishCharsTokenizer,
    FrenchCharsTokenizer,
    GermanCharsTokenizer,
    ItalianCharsTokenizer,
    SpanishCharsTokenizer,
)
from nemo.utils.exceptions import ConfigError

TEXT = "the license shall not apply to this work, right?"
RECORDED = [
    0, 20, 8, 5, 0, 12, 9, 3, 5, 14, 19, 5, 0, 19, 8, 1, 12, 12, 0, 14, 15, 20, 0, 1, 16, 16, 12, 25, 0, 20, 15, 0,
    20, 8, 9, 19, 0, 23, 15, 18, 11, 28, 0, 18, 9, 7, 8, 20, 31, 0,
]  # fmt: skip
"""What the original's FastPitch and Tacotron 2 archives parse TEXT to."""


def test_ids_are_the_recorded_ones():
    assert EnglishCharsTokenizer(punct=True, apostrophe=True, pad_with_space=True)(TEXT) == RECORDED


def test_text_is_spelt_plainly_first():
    tokenizer = EnglishCharsTokenizer()
    assert tokenizer("Café’s  “Open”") == tokenizer('cafe\'s "open"')
    assert tokenizer.decode(tokenizer("Café’s  “Open” ")) == 'cafe\'s "open"'


def test_order_of_the_tokens():
    tokens = EnglishCharsTokenizer().tokens
    assert tokens[:3] == [" ", "a", "b"] and tokens[26:30] == ["z", "'", ",", "."]
    assert tokens[-2:] == ["<pad>", "<oov>"]
    assert EnglishCharsTokenizer(punct=False, apostrophe=False).tokens[-3:] == ["z", "<pad>", "<oov>"]


@pytest.mark.parametrize(("where", "end"), [("last", ["<oov>", "<blank>"]), ("last_but_one", ["<blank>", "<oov>"])])
def test_place_of_the_blank(where, end):
    tokenizer = EnglishCharsTokenizer(add_blank_at=where)
    assert tokenizer.tokens[-2:] == end
    assert tokenizer.tokens[tokenizer.blank] == "<blank>" and tokenizer.tokens[tokenizer.oov] == "<oov>"
    with pytest.raises(ConfigError, match="add_blank_at is 'first'"):
        EnglishCharsTokenizer(add_blank_at="first")


def test_unknown_characters_are_left_out_and_named(caplog):
    tokenizer = EnglishCharsTokenizer(punct=False)
    assert tokenizer("a, 7 b") == [1, 0, 2]
    assert "',', '7' of the text 'a, 7 b' have no token" in caplog.text


def test_only_unknown_characters_give_nothing():
    assert EnglishCharsTokenizer()("  ") == []
    assert EnglishCharsTokenizer(pad_with_space=True)("") == [0, 0]


@pytest.mark.parametrize(
    ("tokenizer_class", "text", "kept"),
    [
        (GermanCharsTokenizer, "Größe „Ähre“", "größe „ähre“"),
        (SpanishCharsTokenizer, "¿Qué niño?", "¿qué niño?"),
        (FrenchCharsTokenizer, "«Cœur, ça»", "«cœur, ça»"),
        (ItalianCharsTokenizer, "Perché è così", "perché è così"),
    ],
)
def test_letters_of_each_language_have_tokens(tokenizer_class, text, kept):
    tokenizer = tokenizer_class()
    assert tokenizer.decode(tokenizer(text)) == kept
    assert len(set(tokenizer.tokens)) == len(tokenizer.tokens)


def test_a_token_that_is_there_twice_is_refused():
    with pytest.raises(ConfigError, match=r"tokens 'a' twice"):
        EnglishCharsTokenizer(non_default_punct_list=["a"])
