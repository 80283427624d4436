"""Japanese to phonemes."""

import sys
from types import ModuleType

import pytest

from nemo.collections.tts.g2p import JapaneseG2p
from nemo.collections.tts.text import JapanesePhonemeTokenizer
from nemo.utils.exceptions import ConfigError

ENTRIES = {"こ": "k o", "ん": "N", "に": "n i", "ち": "ch i", "は": "h a", "こんにちは": "k o N n i ch i w a"}


@pytest.fixture
def dictionary(tmp_path):
    path = tmp_path / "ja.txt"
    path.write_text("".join(f"{word}  {symbols}\n" for word, symbols in ENTRIES.items()), encoding="utf-8")
    return path


def test_the_longest_entry_is_taken(dictionary):
    g2p = JapaneseG2p(dictionary)
    assert g2p("こんにちは") == [f"#{symbol}" for symbol in "k o N n i ch i w a".split()]
    assert g2p("こんに") == ["#k", "#o", "#N", "#n", "#i"]
    assert g2p("はOK、山") == ["#h", "#a", "o", "k", "、", "山"]


def test_words_by_a_segmenter_and_unknown_characters(dictionary, monkeypatch):
    apart = JapaneseG2p(dictionary, word_tokenize_func=list, phoneme_prefix="")
    assert apart("こんにちは")[-2:] == ["h", "a"]  # は by itself
    assert JapaneseG2p(dictionary, apply_to_oov_word=lambda _: ["?"])("山。") == ["?", "。"]

    class Tokenizer:
        def tokenize(self, text, wakati):
            return iter([text[:2], text[2:]] if wakati else [])

    janome, module = ModuleType("janome"), ModuleType("janome.tokenizer")
    module.Tokenizer = Tokenizer
    monkeypatch.setitem(sys.modules, "janome", janome)
    monkeypatch.setitem(sys.modules, "janome.tokenizer", module)
    assert JapaneseG2p(dictionary, word_segmenter="janome")("こんにちは")[-2:] == ["#h", "#a"]
    with pytest.raises(ConfigError, match="word_segmenter is 'mecab'; expected janome or null"):
        JapaneseG2p(dictionary, word_segmenter="mecab")
    with pytest.raises(ConfigError, match="has no entries"):
        JapaneseG2p({})


def test_the_tokenizer_has_the_converters_lists(dictionary):
    tokenizer = JapanesePhonemeTokenizer(JapaneseG2p(dictionary))
    assert tokenizer.tokens[:4] == [" ", "#N", "#a", "#ch"] and "「" in tokenizer.tokens
    assert tokenizer.decode(tokenizer("「ｺﾝﾆﾁﾊ」")) == "「|」"  # katakana is not in this dictionary
    assert tokenizer.decode(tokenizer("こんにちは！")) == "#k|#o|#N|#n|#i|#ch|#i|#w|#a|!"
