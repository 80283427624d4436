"""Where long texts are cut."""

import pytest

from nemo.collections.tts.inference.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two!  Three?\nFour", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. J. Lee has 5.20, e.g. here. Yes", ["Dr. J. Lee has 5.20, e.g. here.", "Yes"]),
        ('He said "Go!" Then left...  Why?!', ['He said "Go!"', "Then left...", "Why?!"]),
        ("A title\n\nThe text goes\non.", ["A title", "The text goes on."]),
        ("你好。再见！", ["你好。", "再见！"]),
        ("... One. ---", ["One.---"]),
        ("", []),
        (" \n?! ", []),
    ],
)
def test_sentences(text, sentences):
    assert split_sentences(text) == sentences


def test_long_sentences_are_cut_at_commas_else_at_spaces_else_anywhere():
    assert split_sentences("aaa bbb, ccc ddd eee", longest=12) == ["aaa bbb,", "ccc ddd eee"]
    assert split_sentences("aaa bbb ccc ddd", longest=8) == ["aaa bbb", "ccc ddd"]
    assert split_sentences("abcdefgh", longest=3) == ["abc", "def", "gh"]


def test_nothing_is_lost():
    text = "Mrs. Lee, who is 3.5 feet: tall; said - well - nothing! " * 20
    for longest in (10, 40, 1000):
        pieces = split_sentences(text, longest)
        assert "".join("".join(pieces).split()) == "".join(text.split())
        assert max(map(len, pieces)) <= longest
