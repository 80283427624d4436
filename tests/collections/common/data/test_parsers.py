"""Text to ids of characters."""

import pytest

from nemo.collections.common.data.parsers import CharParser, ENCharParser, make_parser, spoken_number
from nemo.utils.exceptions import ConfigError

LABELS = [" ", *"abcdefghijklmnopqrstuvwxyz", "'"]


def said(parser, ids):
    return "".join(LABELS[index] for index in ids)


def test_ids_are_positions_of_the_labels():
    assert CharParser(LABELS)("  A bé'z ".replace("é", "e")) == [1, 0, 2, 5, 27, 26]
    assert CharParser(LABELS, do_normalize=False)(" a") == [0, 1]
    assert CharParser(["A", "a"], do_lowercase=False)("Aa") == [0, 1]


def test_unknown_characters_are_left_out_and_reported_once(caplog):
    parser = CharParser(LABELS)
    assert said(parser, parser("über 3 cats 3")) == "ber  cats "
    assert "3 characters of 'über 3 cats 3' are not among the 28 labels" in caplog.text
    assert "'ü' (U+00FC, 1 times), '3' (U+0033, 2 times)" in caplog.text
    caplog.clear()
    parser("3 über")
    assert caplog.text == ""
    parser("4")
    assert "U+0034" in caplog.text


def test_unknown_characters_become_unk_where_there_is_one(caplog):
    assert CharParser(["a", "?"], unk_id=1)("aXa") == [0, 1, 0]
    assert "read as label 1" in caplog.text


def test_unknown_characters_can_be_an_error():
    with pytest.raises(ConfigError, match=r"1 characters of 'naïve' .*'ï' \(U\+00EF, 1 times\)"):
        CharParser(LABELS, raise_on_unknown=True)("naïve")


def test_blank_is_never_a_character_and_spaces_need_a_label(caplog):
    assert CharParser(["a", "b"], blank_id=1)("aba") == [0, 0]
    assert CharParser(["a", "b"])("a b") == [0, 1]
    assert caplog.text == ""


def test_labels_of_several_letters_count_as_whole_words():
    parser = CharParser(["a", " ", "<n>", "<", "n", ">"])
    assert parser("a <n> a") == [0, 1, 2, 1, 0]
    assert parser("a<n>") == [0, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello,   World!", "hello world"),
        ("Dr. Smith's café", "doctor smith's cafe"),
        ("21 dogs", "twenty one dogs"),
        ("1,234", "one thousand two hundred thirty four"),
        ("007", "zero zero seven"),
        ("50% & more", "fifty percent and more"),
        ("", ""),
    ],
)
def test_english_is_spelt_out(text, expected):
    parser = ENCharParser(LABELS)
    assert said(parser, parser(text)) == expected


def test_english_keeps_punctuation_and_digits_that_are_labels():
    labels = ["a", ",", "1", "2"]
    assert ENCharParser(labels)("a, 12") == [0, 1, 2, 3]


def test_numbers_as_they_are_said():
    assert spoken_number("0") == "zero"
    assert spoken_number("1000007") == "one million seven"
    assert spoken_number("1" * 30) == " ".join(["one"] * 30)


def test_make_parser_knows_its_names():
    assert type(make_parser(LABELS, name="en")) is ENCharParser
    assert make_parser()("Ab")
    with pytest.raises(ConfigError, match="no text parser 'ru'"):
        make_parser(LABELS, name="ru")
