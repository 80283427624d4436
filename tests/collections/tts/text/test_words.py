"""Words, passages and what lies between them."""

import pytest

from nemo.collections.tts.text.locales import letters
from nemo.collections.tts.text.words import any_locale_word_tokenize, english_word_tokenize
from nemo.utils.exceptions import ConfigError


def test_english_words_are_small_and_passages_stay():
    assert english_word_tokenize("Don't |HH EH1| stop-it, 2!") == [
        (["don't"], False),
        ([" "], True),
        (["HH", "EH1"], True),
        ([" "], True),
        (["stop-it"], False),
        ([", 2!"], True),
    ]


def test_words_of_any_latin_script_stay_as_written():
    assert any_locale_word_tokenize("Größe, l'été") == [(["Größe"], False), ([", "], True), (["l'été"], False)]
    assert english_word_tokenize("Größe")[0] == (["gr"], False)


def test_nothing_is_lost():
    text = "A-b c' 'd — Ünï |x y| z"
    pieces = any_locale_word_tokenize(text)
    assert "".join(" ".join(words) for words, _ in pieces) == text.replace("|", "")


def test_unknown_locale_is_named():
    with pytest.raises(ConfigError, match="locale is 'xx-XX'; expected one of en-US"):
        letters("xx-XX")
    assert letters("de-DE", "lower").endswith("äöüß")
