"""Printed text to the words that are spoken: lower case, numbers spelled, punctuation and remarks dropped."""

from __future__ import annotations

import re

SMALL = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SYMBOLS = {"#": " pound ", "*": " star ", "&": " and ", "%": " percent ", "@": " at ", "+": " plus "}
REMARK = re.compile(r"\[[^\]]*\]|<[^>]*>|\([^)]*\)")
INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,}")
KNOWN_CHARACTERS = frozenset(" 'abcdefghijklmnopqrstuvwxyz")


def spell_number(number: int) -> str:
    """English words of a whole number from 0 to 999 999: 1234 -> ``one thousand two hundred thirty four``."""
    if number < 20:
        return SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens] + (f" {SMALL[ones]}" if ones else "")
    for size, word in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            count, rest = divmod(number, size)
            return f"{spell_number(count)} {word}" + (f" {spell_number(rest)}" if rest else "")
    raise ValueError(f"a whole number from 0 on is expected, not {number}")


def spoken_text(printed: str) -> str:
    """The spoken words of a printed sentence, made of a-z, apostrophe and single spaces; may be empty.

    Remarks in brackets are not spoken and go. ``Press 1 (or #) at 9 A.M.`` -> ``press one at nine a m``.
    """
    text = REMARK.sub(" ", printed)
    text = INITIALS.sub(lambda match: match.group().replace(".", " "), text)
    text = re.sub(r"(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)", " ", text)  # 3D -> 3 D
    text = re.sub(r"\d{1,6}", lambda match: f" {spell_number(int(match.group()))} ", text)
    for symbol, word in SYMBOLS.items():
        text = text.replace(symbol, word)
    text = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    text = re.sub(r"(?<![a-z])'|'(?![a-z])", " ", text)  # quotes go, the apostrophe inside a word stays
    return " ".join("".join(c if c in KNOWN_CHARACTERS else " " for c in text).split())
