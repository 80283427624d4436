"""Text is brought to the spelling that a tokenizer's characters cover: one form of quotes, accents, case."""

from __future__ import annotations

import unicodedata

SAME_MEANING = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})
"""Typographic characters -> the ones on a keyboard."""


def english_text_preprocessing(text: str, lower: bool = True) -> str:
    """English: accents are dropped (`café` -> `cafe`), typographic quotes become plain, capitals become small."""
    decomposed = unicodedata.normalize("NFD", text)
    plain = "".join(character for character in decomposed if unicodedata.category(character) != "Mn")
    plain = plain.translate(SAME_MEANING)
    return plain.lower() if lower else plain


def any_locale_text_preprocessing(text: str) -> str:
    """Any language: characters are composed (NFC), and the typographic apostrophe becomes the plain one."""
    return unicodedata.normalize("NFC", text).replace("’", "'")


def chinese_text_preprocessing(text: str) -> str:
    """Chinese: characters are composed (NFC)."""
    return unicodedata.normalize("NFC", text)


def japanese_text_preprocessing(text: str) -> str:
    """Japanese: characters are composed (NFC), those of half width become full, of full width Latin plain (NFKC)."""
    return unicodedata.normalize("NFKC", text)


def french_text_preprocessing(text: str) -> str:
    """French: capitals become small."""
    return text.lower()


def german_text_preprocessing(text: str) -> str:
    """German: capitals become small; `ẞ` becomes `ß`."""
    return text.lower()


def italian_text_preprocessing(text: str) -> str:
    """Italian: capitals become small."""
    return text.lower()


def spanish_text_preprocessing(text: str) -> str:
    """Spanish: capitals become small."""
    return text.lower()
