"""eSpeak NG's pronunciations; the library comes with the extra `demo`, which the tests have."""

import pickle
import sys

import pytest

from nemo.collections.tts.g2p import EspeakG2p
from nemo.collections.tts.text import IPATokenizer
from nemo.utils.exceptions import ConfigError, MissingDependencyError


def test_words_become_ipa_and_the_rest_stays():
    g2p = EspeakG2p()
    assert "".join(g2p("Hello, cat! |h ə|")) == "həlˈoʊ, kˈæt! hə"
    assert "".join(EspeakG2p(use_stresses=False)("cat")) == "kæt"
    assert g2p("") == [] and g2p(" ... ") == list(" ... ")


def test_each_converter_keeps_its_language_and_can_be_sent_to_a_worker():
    german, english = EspeakG2p("de"), EspeakG2p("en-us")
    assert "".join(german("gut")) == "ɡˈuːt"
    assert "".join(english("good")) == "ɡˈʊd"
    assert pickle.loads(pickle.dumps(german))("gut") == german("gut")


def test_what_it_gives_has_tokens():
    tokenizer = IPATokenizer(EspeakG2p())
    text = "the judge measured things, chose azure birds"
    assert "".join(tokenizer.decode(tokenizer(text)).split("|")) == "".join(EspeakG2p()(text))
    assert EspeakG2p(symbols="abc").symbols == {"a", "b", "c"}


def test_no_such_language_and_no_library(monkeypatch):
    with pytest.raises(ConfigError, match="eSpeak NG has no voice 'xx-yy'"):
        EspeakG2p("xx-yy")
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(MissingDependencyError, match="EspeakG2p needs the package 'espeakng_loader'"):
        EspeakG2p()
