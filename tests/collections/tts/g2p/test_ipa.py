"""Words to IPA."""

import pytest

from nemo.collections.tts.g2p import IpaG2p
from nemo.collections.tts.text import IPATokenizer
from nemo.utils.exceptions import ConfigError


def test_words_are_looked_up_in_any_case(ipa):
    g2p = IpaG2p(ipa)
    assert "".join(g2p("Hello, World!")) == "həˈloʊ, ˈwɜːld!"
    assert "".join(g2p("cats dogs house's |ə| zyx")) == "ˈkæts ˈdɔɡz ˈhaʊsɪz ə ZYX"
    assert "".join(IpaG2p(ipa, use_stresses=False)("Hello")) == "həloʊ"


def test_other_locales_have_their_words_and_no_english_endings(ipa):
    g2p = IpaG2p(ipa, locale="de-DE", grapheme_case="mixed")
    assert "".join(g2p("Größe größe")) == "ˈɡʁøːsə größe"
    assert "".join(IpaG2p(ipa, locale="de-DE", grapheme_case="lower")("GRÖẞE cats")) == "ˈɡʁøːsə cats"
    assert "".join(IpaG2p(ipa, locale="de-DE")("größe")) == "ˈɡʁøːsə"  # ß and ẞ


def test_letters_have_a_prefix(ipa):
    g2p = IpaG2p(ipa, grapheme_prefix="#", grapheme_case="lower", use_chars=True)
    assert g2p("zyx, cat") == ["#z", "#y", "#x", ",", " ", *"ˈkæt"]
    assert {"#c", "#t", "ˈ", "æ"} <= g2p.symbols and "t" in g2p.symbols
    assert not any(symbol.startswith("#") for symbol in IpaG2p(ipa).symbols)
    assert "C" in IpaG2p(ipa, phoneme_probability=0.5).symbols  # letters are needed then


def test_ambiguous_words_and_heteronyms(ipa):
    assert "".join(IpaG2p(ipa)("read")) == "READ"
    assert "".join(IpaG2p(ipa, ignore_ambiguous_words=False)("read live")) == "ˈɹɛd ˈlɪv"
    kept = IpaG2p(ipa, ignore_ambiguous_words=False, heteronyms=["read"])
    assert "".join(kept("read live")) == "READ ˈlɪv"


def test_symbols_can_be_replaced(ipa):
    g2p = IpaG2p(ipa)
    g2p.replace_symbols(g2p.symbols - {"ɪ"})
    assert g2p.phoneme_dict["READ"] and "LIVE" not in g2p.phoneme_dict  # both ways have ɪ
    g2p.replace_symbols(g2p.symbols - {"ɛ"})
    assert "".join(g2p("read")) == "ˈɹiːd"
    strict = IpaG2p(ipa)
    strict.replace_symbols(strict.symbols - {"ɛ"}, keep_alternate=False)
    assert "READ" not in strict.phoneme_dict
    g2p.replace_dict({"cat": [["k", "a"]]})
    assert g2p.symbols == {"k", "a"} and g2p("Cat") == ["k", "a"]


def test_the_tokenizer_speaks_the_converter(ipa):
    tokenizer = IPATokenizer(IpaG2p(ipa), locale="en-US")
    assert tokenizer.decode(tokenizer("Hello, cat")) == "|".join("həˈloʊ, ˈkæt")
    fixed = IPATokenizer(IpaG2p(ipa), fixed_vocab=set("ɹidˈː"))
    assert fixed.decode(fixed("read")) == "ˈ|ɹ|i|ː|d"


def test_keys_of_older_archives(ipa):
    assert "".join(IpaG2p(ipa, set_graphemes_upper=True)("zyx")) == "ZYX"
    assert "".join(IpaG2p(ipa, set_graphemes_upper=False)("zyx")) == "zyx"


def test_no_dictionary_and_no_such_case():
    with pytest.raises(ConfigError, match="phoneme_dict is missing"):
        IpaG2p(None)
    with pytest.raises(ConfigError, match="case of graphemes is 'title'"):
        IpaG2p({"a": [["a"]]}, grapheme_case="title")
