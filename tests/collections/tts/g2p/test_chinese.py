"""Mandarin to phonemes and tones; `pypinyin` and `jieba` are stood in for, so that the tests need neither."""

import sys
from types import SimpleNamespace

import pytest

from nemo.collections.tts.g2p import ChineseG2p
from nemo.collections.tts.text import ChinesePhonemesTokenizer
from nemo.utils.exceptions import ConfigError, MissingDependencyError

SYLLABLES = {"你": "ni3", "好": "hao3", "吗": "ma5", "绿": "lv4", "嗯": "en1"}
DICTIONARY = "NI  N I\nhao  H AO\nma  M A\nlü  L V\n"


def lazy_pinyin(text, style, neutral_tone_with_five, errors):
    """As pypinyin's: what has no pinyin comes in stretches that go through `errors`."""
    assert style == "TONE3" and neutral_tone_with_five
    found, stretch = [], ""
    for character in [*text, None]:
        if character in SYLLABLES or character is None:
            found += errors(stretch) if stretch else []
            found += [SYLLABLES[character]] if character else []
            stretch = ""
        else:
            stretch += character
    return found


@pytest.fixture
def dictionary(tmp_path, monkeypatch):
    monkeypatch.setitem(
        sys.modules, "pypinyin", SimpleNamespace(lazy_pinyin=lazy_pinyin, Style=SimpleNamespace(TONE3="TONE3"))
    )
    path = tmp_path / "pinyin.txt"
    path.write_text(DICTIONARY, encoding="utf-8")
    return path


def test_syllables_tones_letters_and_punctuation(dictionary):
    g2p = ChineseG2p(dictionary)
    assert g2p("你好吗？") == ["#N", "#I", "#3", "#H", "#AO", "#3", "#M", "#A", "#5", "？"]
    assert g2p("绿 OK2") == ["#L", "#V", "#4", " ", "o", "k", "2"]
    assert g2p.phoneme_list == ["#A", "#AO", "#H", "#I", "#L", "#M", "#N", "#V"]
    assert g2p.tone_list == ["#1", "#2", "#3", "#4", "#5"]


def test_prefixes_cases_and_dictionaries_that_are_given(dictionary):
    g2p = ChineseG2p(
        dictionary,
        phoneme_prefix="",
        phoneme_case="lower",
        tone_prefix="",
        ascii_letter_prefix="@",
        ascii_letter_case="upper",
    )
    assert g2p("你ok") == ["n", "i", "3", "@O", "@K"]
    assert ChineseG2p({"ni": [["N", "I"]]})("你") == ["N", "I", "#3"]


def test_syllables_that_are_not_known(dictionary):
    assert ChineseG2p(dictionary)("嗯") == ["en1"]
    assert ChineseG2p(dictionary, apply_to_oov_word=lambda syllable: ["?"])("嗯你") == ["?", "#N", "#I", "#3"]


def test_words_by_a_segmenter(dictionary, monkeypatch):
    monkeypatch.setitem(sys.modules, "jieba", SimpleNamespace(lcut=lambda text: [text[:2], text[2:]]))
    plain = ["#N", "#I", "#3", "#H", "#AO", "#3", "#M", "#A", "#5"]
    assert ChineseG2p(dictionary, word_segmenter="jieba")("你好吗") == plain
    assert ChineseG2p(dictionary, word_tokenize_func=list)("你好吗") == plain
    with pytest.raises(ConfigError, match="word_segmenter is 'pkuseg'; expected jieba or null"):
        ChineseG2p(dictionary, word_segmenter="pkuseg")
    monkeypatch.setitem(sys.modules, "pypinyin", None)
    with pytest.raises(MissingDependencyError, match=r"Chinese text needs the package 'pypinyin'"):
        ChineseG2p(dictionary)("你")


def test_the_tokenizer_has_the_converters_lists(dictionary, caplog):
    g2p = ChineseG2p(dictionary)
    tokenizer = ChinesePhonemesTokenizer(g2p, silence="<sil>", add_blank_at="last")
    lists = [*g2p.phoneme_list, *g2p.tone_list, *"abcdefghijklmnopqrstuvwxyz", "'"]
    assert tokenizer.tokens[: len(lists) + 2] == [" ", "<sil>", *lists]
    assert {"，", "。", ","} <= set(tokenizer.punctuation) and tokenizer.tokens[-1] == "<blank>"
    assert tokenizer.decode(tokenizer("你 好, it's")) == "#N|#I|#3| |#H|#AO|#3|,| |i|t|'|s"
    tokenizer("你☃")
    assert "'☃' of the text '你☃' have no token" in caplog.text
    with pytest.raises(ConfigError, match="g2p is a type without phoneme_list, tone_list, ascii_letter_list"):
        ChinesePhonemesTokenizer(str)
