"""ARPABET, the phonemes of American English in ASCII, written in the International Phonetic Alphabet."""

from __future__ import annotations

from collections.abc import Iterable

from nemo.utils.exceptions import ConfigError

VOWELS = {
    **{"AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "EH": "ɛ", "ER": "ɝ"},
    **{"EY": "eɪ", "IH": "ɪ", "IY": "i", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "u"},
}
UNSTRESSED = {"AH": "ə", "ER": "ɚ"}
CONSONANTS = {
    **{"B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "dʒ", "K": "k", "L": "l"},
    **{"M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v"},
    **{"W": "w", "Y": "j", "Z": "z", "ZH": "ʒ"},
}
STRESS = {"": "", "0": "", "1": "ˈ", "2": "ˌ"}


def arpabet_to_ipa(phonemes: Iterable[str]) -> list[str]:
    """`["HH", "AH0", "L", "OW1"]` -> `["h", "ə", "l", "ˈoʊ"]`; the mark of stress stands before its vowel.

    Raises:
        ConfigError: a phoneme that ARPABET does not have.
    """
    return [_symbol(phoneme) for phoneme in phonemes]


def _symbol(phoneme: str) -> str:
    if phoneme in CONSONANTS:
        return CONSONANTS[phoneme]
    vowel = phoneme.rstrip("012")
    stress = phoneme[len(vowel) :]
    if vowel not in VOWELS or stress not in STRESS:
        raise ConfigError(f"{phoneme!r} is no phoneme of ARPABET. Expected one such as HH or AH0; mend it.")
    return STRESS[stress] + (UNSTRESSED.get(vowel, VOWELS[vowel]) if stress == "0" else VOWELS[vowel])
