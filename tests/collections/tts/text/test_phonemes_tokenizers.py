"""Phonemes and IPA symbols become ids in the order of the tokens."""

import pytest

from nemo.collections.tts.text import EnglishPhonemesTokenizer, IPATokenizer
from nemo.utils.exceptions import ConfigError

PHONEMES = {"hello": ["HH", "AH0", "L", "OW1"], "world": ["W", "ER1", "L", "D"]}


def g2p(text):
    """Two words, and everything else as it is."""
    words = text.lower().replace(",", " ,").split(" ")
    symbols = [symbol for word in words for symbol in [*PHONEMES.get(word, [word]), " "]]
    return symbols[:-1]


def tokens_of(tokenizer, text):
    return [tokenizer.tokens[index] for index in tokenizer(text)]


def test_stresses_are_dropped_or_kept():
    assert tokens_of(EnglishPhonemesTokenizer(g2p), "Hello, world") == [
        "HH", "AH", "L", "OW", " ", ",", " ", "W", "ER", "L", "D",
    ]  # fmt: skip
    assert tokens_of(EnglishPhonemesTokenizer(g2p, stresses=True), "Hello") == ["HH", "AH0", "L", "OW1"]


def test_order_of_the_tokens():
    plain = EnglishPhonemesTokenizer(g2p)
    assert plain.tokens[:4] == [" ", "B", "CH", "D"] and len(plain.tokens) == 1 + 24 + 15 + 1 + 15 + 2
    full = EnglishPhonemesTokenizer(g2p, stresses=True, chars=True, silence="<sil>", add_blank_at="last")
    assert full.tokens[1] == "<sil>" and full.silence == 1
    assert len(full.tokens) == 2 + 24 + 45 + 26 + 1 + 15 + 3
    assert full.tokens[26:29] == ["AA0", "AA1", "AA2"]


def test_a_converter_that_mixes_letters_in_gives_them_tokens():
    class Mixing:
        phoneme_probability = 0.8

        def __call__(self, text):
            return list(text)

    assert tokens_of(EnglishPhonemesTokenizer(Mixing()), "ab") == ["a", "b"]


def test_phonemes_by_hand_and_decoding():
    tokenizer = EnglishPhonemesTokenizer(g2p, pad_with_space=True)
    ids = tokenizer.encode_from_g2p(["HH", "AH0", "??", "L"])
    assert tokenizer.decode(ids) == " |HH|AH|L| "


class Ipa:
    symbols = {"h", "ə", "l", "ˈ", "oʊ", "ː"}

    def __call__(self, text):
        return ["h", "ə", "l", "ˈ", "oʊ", " ", "!", "x"]


def test_ipa_symbols_are_sorted_and_marks_are_kept(caplog):
    tokenizer = IPATokenizer(Ipa())
    assert tokens_of(tokenizer, "Hello !x") == ["h", "ə", "l", "ˈ", "oʊ", " ", "!"]
    assert "'x' of the text 'Hello !x' have no token" in caplog.text
    symbols = tokenizer.tokens[:-3]
    assert symbols == sorted(symbols) and tokenizer.tokens[tokenizer.space] == " "


def test_ipa_of_a_fixed_vocabulary_and_its_locale():
    tokenizer = IPATokenizer(Ipa(), locale="de-DE", fixed_vocab=["h", "l"])
    assert "„" in tokenizer.tokens and "ə" not in tokenizer.tokens
    with pytest.raises(ConfigError, match="without `symbols`"):
        IPATokenizer(len)
