"""A small English text normaliser: what a synthesiser reads is to be words.

It knows numbers, ordinals, fractions, dates, times, money, units and common abbreviations. It is a list of rules
without grammar: `nemo_text_processing` knows more.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nemo.collections.tts.text.normalization.dates import dates_in_words, full_stop, times_in_words
from nemo.collections.tts.text.normalization.numbers import cardinal, decimal, digits, ordinal, plural
from nemo.core.archive.targets import buildable_from_archives
from nemo.utils.exceptions import ConfigError

CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "", ""),
}
UNITS = {
    "km/h": "kilometer per hour",
    "kph": "kilometer per hour",
    "mph": "mile per hour",
    "m/s": "meter per second",
    "km": "kilometer",
    "cm": "centimeter",
    "mm": "millimeter",
    "m": "meter",
    "mi": "mile",
    "ft": "foot",
    "yd": "yard",
    "kg": "kilogram",
    "mg": "milligram",
    "g": "gram",
    "lbs": "pound",
    "lb": "pound",
    "oz": "ounce",
    "ml": "milliliter",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "KB": "kilobyte",
    "kB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "TB": "terabyte",
    "kW": "kilowatt",
    "W": "watt",
    "V": "volt",
    "ms": "millisecond",
    "sec": "second",
    "min": "minute",
    "hr": "hour",
    "hrs": "hour",
    "°C": "degree Celsius",
    "°F": "degree Fahrenheit",
    "°": "degree",
}
ABBREVIATIONS = {
    "Mr": "mister",
    "Mrs": "missus",
    "Ms": "miss",
    "Dr": "doctor",
    "Prof": "professor",
    "Gen": "general",
    "Col": "colonel",
    "Capt": "captain",
    "Lt": "lieutenant",
    "Sgt": "sergeant",
    "Rev": "reverend",
    "Hon": "honorable",
    "Jr": "junior",
    "Sr": "senior",
    "Co": "company",
    "Inc": "incorporated",
    "Ltd": "limited",
    "Corp": "corporation",
    "Dept": "department",
    "Ave": "avenue",
    "Blvd": "boulevard",
    "Rd": "road",
    "Mt": "mount",
    "Ft": "fort",
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
}
"""What ends with a full stop, without it."""

SIGNS = {"&": "and", "@": "at", "+": "plus", "=": "equals", "%": "percent"}
MAY_END = {"Jr", "Sr", "Co", "Inc", "Ltd", "Corp", "Dept", "Ave", "Blvd", "Rd", "etc"}
"""Abbreviations after which a sentence may end."""

_NUMBER = r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_MAGNITUDE = r"(?:\s+(thousand|million|billion|trillion)\b)?"
_MONEY = re.compile(rf"([$£€¥])\s?{_NUMBER}(?!\d){_MAGNITUDE}")
_UNIT = re.compile(
    rf"(?<![\w.]){_NUMBER}\s?({'|'.join(sorted(map(re.escape, UNITS), key=len, reverse=True))})(?![\w/])"
)
_PERCENT = re.compile(rf"(?<![\w.]){_NUMBER}\s?%")
_ORDINAL = re.compile(r"\b(\d{1,3}(?:,\d{3}){1,11}|\d{1,36})(?:st|nd|rd|th)\b")
_PHONE = re.compile(r"(?<![\w-])(?:\(?(\d{3})\)?[ -])?(\d{3})-(\d{4})(?![\w-])")
_FRACTION = re.compile(r"(?<![\w/.,])(?:(\d+) )?(\d{1,2})/(\d{1,3})(?![\w/]|[.,]\d)")
_RANGE = re.compile(r"(?<![\w.,-])(\d+)\s?[-–]\s?(\d+)(?![\w-]|[.,]\d)")
_NEGATIVE = re.compile(r"(?<![\w.,)])[-−](?=\.?\d)")
_VERSION = re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}")
_PLAIN = re.compile(_NUMBER)
_ABBREVIATION = re.compile(rf"\b({'|'.join(ABBREVIATIONS)})\.(?!\w)")
_SAINT = re.compile(r"\bSt\.(?=\s+[A-Z])")
_STREET = re.compile(r"(?<=\w )St\.(?!\w)")
_LETTERS = {re.compile(r"\be\.g\."): "for example", re.compile(r"\bi\.e\."): "that is"}
_NUMBER_SIGN = re.compile(r"(?:\b[Nn]o\.\s?|#)(?=\d)")
_SIGN = re.compile(rf" ?([{re.escape(''.join(SIGNS))}]) ?")


@buildable_from_archives
class EnglishNormalizer:
    """Writes numbers and abbreviations out; arguments as those of the original's `Normalizer`.

    Args:
        lang: `en`.
        input_case: `cased` or `lower_cased`; both are read alike.

    Raises:
        ConfigError: another language.
    """

    def __init__(self, lang: str = "en", input_case: str = "cased") -> None:
        if lang != "en":
            raise ConfigError(
                f"The built-in text normaliser has no lang {lang!r}; expected en. Install nemo_text_processing, or "
                "leave text_normalizer out and give text in words."
            )
        self.lang, self.input_case = lang, input_case

    def normalize(
        self, text: str, verbose: bool = False, punct_pre_process: bool = False, punct_post_process: bool = False
    ) -> str:
        """A text as it is said: `Dr. Lee paid $5.20 on 3/4/2021.` has no digit afterwards.

        Args:
            text: any English text; what is no number and no abbreviation stays as it is.
            verbose: not used; the original's, as the two below.
            punct_pre_process: not used.
            punct_post_process: not used.
        """
        for step in _STEPS:
            text = step(text)
        return text


def _abbreviations(text: str) -> str:
    for pattern, words in _LETTERS.items():
        text = pattern.sub(words, text)
    text = _NUMBER_SIGN.sub("number ", text)
    text = _STREET.sub("street", _SAINT.sub(_saint_or_street, text))
    return _ABBREVIATION.sub(_expanded, text)


def _saint_or_street(match: re.Match[str]) -> str:
    """`Main St. Then` is a street, `of St. John` a saint: a capital or a number stands before streets."""
    before = match.string[: match.start()].split()
    return "street" if before and (before[-1][0].isupper() or before[-1][0].isdigit()) else "saint"


def _expanded(match: re.Match[str]) -> str:
    return ABBREVIATIONS[match[1]] + (full_stop(match) if match[1] in MAY_END else "")


def _money(match: re.Match[str]) -> str:
    one, many, cent, cents = CURRENCIES[match[1]]
    amount, magnitude = match[2].replace(",", ""), match[3]
    whole, _, fraction = amount.partition(".")
    if magnitude or len(fraction) not in (0, 2) or fraction and not cent:
        return f"{decimal(amount)}{f' {magnitude}' if magnitude else ''} {many}"
    parts = int(fraction or 0)
    has_units = whole.strip("0") or not parts
    said = [f"{decimal(whole or '0')} {one if whole == '1' else many}"] if has_units else []
    said += [f"{cardinal(parts)} {cent if parts == 1 else cents}"] if parts else []
    return " and ".join(said)


def _unit(match: re.Match[str]) -> str:
    name = UNITS[match[2]]
    if match[1] != "1":
        first, _, rest = name.partition(" ")
        many = first if first.endswith("hertz") else "feet" if first == "foot" else plural(first)
        name = f"{many} {rest}".rstrip()
    return f"{decimal(match[1])} {name}"


def _fraction(match: re.Match[str]) -> str:
    whole, upper, lower = match[1], int(match[2]), int(match[3])
    if lower < 2:
        said = f"{cardinal(upper)} over {cardinal(lower)}"
    else:
        name = {2: "half", 4: "quarter"}.get(lower) or ordinal(lower)
        many = "halves" if name == "half" else plural(name)
        said = f"{cardinal(upper)} {name if upper == 1 else many}"
    return f"{cardinal(int(whole))} and {said}" if whole else said


def _signs(text: str) -> str:
    return re.sub(" {2,}", " ", _SIGN.sub(_sign, text)) if _SIGN.search(text) else text


def _sign(match: re.Match[str]) -> str:
    before, after = match.start() > 0, match.end() < len(match.string)
    return f"{' ' if before else ''}{SIGNS[match[1]]}{' ' if after else ''}"


def _numbers(text: str) -> str:
    text = _PHONE.sub(lambda m: ", ".join(digits(part) for part in m.groups() if part), text)
    text = _FRACTION.sub(_fraction, text)
    text = _RANGE.sub(lambda m: f"{decimal(m[1])} to {decimal(m[2])}", text)
    text = _VERSION.sub(lambda m: m[0].replace(".", " point "), text)
    text = _NEGATIVE.sub("minus ", text)
    return _PLAIN.sub(_apart, text)


def _apart(match: re.Match[str]) -> str:
    """A number in words, with spaces to letters that touch it: `B2B` -> `B two B`."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return f"{' ' if before.isalnum() else ''}{decimal(match[1])}{' ' if after.isalnum() else ''}"


_STEPS: tuple[Callable[[str], str], ...] = (
    _abbreviations,
    dates_in_words,
    times_in_words,
    lambda text: _MONEY.sub(_money, text),
    lambda text: _PERCENT.sub(lambda m: f"{decimal(m[1])} percent", text),
    lambda text: _UNIT.sub(_unit, text),
    lambda text: _ORDINAL.sub(lambda m: ordinal(int(m[1].replace(",", ""))), text),
    _numbers,
    _signs,
)
"""In this order: what has several parts comes before its parts."""
