import pytest

from nemo.collections.tts.g2p.arpabet import CONSONANTS, VOWELS, arpabet_to_ipa
from nemo.collections.tts.text import english_phonemes_tokenizer as tokenizer
from nemo.utils.exceptions import ConfigError


def test_words_in_ipa():
    assert arpabet_to_ipa(["HH", "AH0", "L", "OW1"]) == ["h", "ə", "l", "ˈoʊ"]
    assert "".join(arpabet_to_ipa("B ER1 D B AH2 T ER0 JH AA".split())) == "bˈɝdbˌʌtɚdʒɑ"


def test_every_phoneme_of_the_tokenizer_is_known():
    assert set(CONSONANTS) == set(tokenizer.CONSONANTS) and set(VOWELS) == set(tokenizer.VOWELS)
    assert len(set(CONSONANTS.values()) | set(VOWELS.values())) == 39


@pytest.mark.parametrize("wrong", ["XX", "K1", "AH3", "AH12", ""])
def test_other_symbols_are_named(wrong):
    with pytest.raises(ConfigError, match=f"'{wrong}' is no phoneme of ARPABET"):
        arpabet_to_ipa([wrong])
