"""Hot phrases: shares are given and taken back; lists of them, and lexicons, are read."""

import pytest

from nemo.collections.asr.decoding.hot_words import HotWords, read_boosts
from nemo.collections.asr.decoding.lexicon import Lexicon
from nemo.collections.common.exceptions import LanguageModelError


def bonuses(hot_words, tokens):
    """What each token adds, and the end; a token is (begins_word, text)."""
    state, found = "", []
    for begins_word, text in tokens:
        added, state = hot_words.extend(state, begins_word, text)
        found.append(added)
    return [*found, hot_words.finish(state)]


def pieces(*texts):
    return [(text.startswith("_"), text.removeprefix("_")) for text in texts]


def letters(text):
    return [(letter == " ", letter.strip()) for letter in text]


def test_a_phrase_gets_its_shares_on_the_way_and_keeps_them():
    hot_words = HotWords({"new york": 8.0})
    assert bonuses(hot_words, pieces("_new", "_yo", "rk", "_city")) == pytest.approx([3, 3, 2, 0, 0])
    assert bonuses(hot_words, pieces("_new", "_yo", "rk")) == pytest.approx([3, 3, 2, 0])
    assert sum(bonuses(hot_words, letters("in new york new york"))) == pytest.approx(16)


def test_shares_are_taken_back_when_the_text_goes_on_otherwise():
    hot_words = HotWords({"new york": 8.0})
    assert bonuses(hot_words, pieces("_new", "_jersey")) == pytest.approx([3, -3, 0])
    assert bonuses(hot_words, pieces("_new", "_york", "er")) == pytest.approx([3, 5, -8, 0])
    assert bonuses(hot_words, pieces("_new", "_yor")) == pytest.approx([3, 4, -7])
    assert sum(bonuses(hot_words, letters("renew york"))) == pytest.approx(0)


@pytest.mark.parametrize(
    ("text", "total"),
    [("new new york", 8), ("york new york city", 8 + 2 + 1), ("york", 1), ("new york", 9), ("new yorks", 0), ("", 0)],
)
def test_phrases_may_hold_others(text, total):
    hot_words = HotWords({"new york": 8.0, "new york city": 1.0, "york": 1.0, "new": 0.0})
    expected = {"new new york": 9, "york new york city": 1 + 9 + 1}.get(text, total)
    assert sum(bonuses(hot_words, letters(text))) == pytest.approx(expected)
    words = [(True, word) for word in text.split()]
    assert sum(bonuses(hot_words, words)) == pytest.approx(expected)


def test_a_negative_weight_keeps_a_word_away():
    assert sum(bonuses(HotWords({"um": -4.0}), letters("um umbrella um"))) == pytest.approx(-8)


def test_phrases_with_bonuses_are_read(tmp_path):
    path = tmp_path / "boosts.tsv"
    path.write_text("new york\t3.5\n\nacme\t-1\n", encoding="utf-8")
    assert read_boosts(path) == {"new york": 3.5, "acme": -1.0}
    path.write_text("acme\t2\nnew york\n", encoding="utf-8")
    with pytest.raises(LanguageModelError, match="line 2: 'new york' is no phrase, tab and number"):
        read_boosts(path)
    with pytest.raises(LanguageModelError, match="cannot be read"):
        read_boosts(tmp_path / "nowhere")


def test_lexicons_are_read_with_and_without_tokens(tmp_path):
    path = tmp_path / "lexicon.txt"
    path.write_text("the\t\u2581t he\ncat c a t |\nu.s. \u2581u \u2581s\ndog\n", encoding="utf-8")
    lexicon = Lexicon.read(path)
    assert [lexicon.word(written) for written in ("the", "cat", "us", "dog", "do")] == [
        "the",
        "cat",
        "u.s.",
        "dog",
        None,
    ]
    assert lexicon.begins("do") and lexicon.begins("") and not lexicon.begins("x")
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(LanguageModelError, match="is empty"):
        Lexicon.read(path)
    with pytest.raises(LanguageModelError, match="cannot be read"):
        Lexicon.read(tmp_path / "nowhere")
