"""Tokens stand for the characters of the text as it was written."""

import random

import pytest

from nemo.collections.common.tokenizers.char_tokenizer import CharTokenizer
from nemo.collections.nlp.data.token_offsets import PlacingTokenizer
from tests.collections.nlp.toy_questions import tokenizer


@pytest.fixture(scope="module")
def placing(tmp_path_factory):
    return PlacingTokenizer(tokenizer(tmp_path_factory.mktemp("vocab")))


def cut(placing, text):
    placed = placing(text)
    return [text[start:end] for start, end in zip(placed.starts, placed.ends, strict=True)]


def test_pieces_of_a_lowered_word_keep_its_writing(placing):
    assert cut(placing, "The Cars (in $5)") == ["The", "Car", "s", "(", "in", "$", "5", ")"]


def test_accents_and_their_own_characters_belong_to_the_letter(placing):
    assert cut(placing, "Cáfe") == ["C", "á", "f", "e"]
    assert cut(placing, "ca\u0301f") == ["c", "a\u0301", "f"]


def test_unknown_word_stands_for_itself_without_the_punctuation_around(placing):
    assert cut(placing, "(ωω).") == ["(", "ωω", ")", "."]


def test_ids_are_those_of_the_whole_text(placing):
    generator = random.Random(1)
    for _ in range(200):
        text = "".join(generator.choice("abst ding.,'(Éω-9 ") for _ in range(40))
        placed = placing(text)
        assert placed.ids == placing.tokenizer.text_to_ids(text)
        assert placed.starts == sorted(placed.starts)
        assert all(not any(map(str.isspace, text[a:b])) for a, b in zip(placed.starts, placed.ends, strict=True))


def test_every_letter_belongs_to_a_token(placing):
    text = "Who  don't\n(Wéird), ωω-x $9"
    placed = placing(text)
    inside = {place for a, b in zip(placed.starts, placed.ends, strict=True) for place in range(a, b)}
    assert inside == {place for place, character in enumerate(text) if not character.isspace()}


def test_fewest_tokens_around_characters(placing):
    text = "The ball is red."
    placed = placing(text)
    assert placed.covering(4, 8) == (1, 1)
    assert placed.covering(5, 10) == (1, 2)
    assert placed.covering(3, 4) is None


def test_tokenizer_of_letters_has_a_place_for_each(tmp_path):
    (tmp_path / "letters.txt").write_text("'a'\n'b'\n' '\n", encoding="utf-8")
    letters = PlacingTokenizer(CharTokenizer(str(tmp_path / "letters.txt")))
    text = "ab ba"
    placed = letters(text)
    written = "".join(text[start:end] for start, end in zip(placed.starts, placed.ends, strict=True))
    assert written == "abba"
