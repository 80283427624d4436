"""Dates and times of day in English words."""

from __future__ import annotations

import re

from nemo.collections.tts.text.normalization.numbers import cardinal, ordinal, plural, year

MONTHS = "January February March April May June July August September October November December".split()
_SHORT = "Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec".split()
_MONTH = rf"({'|'.join(MONTHS)}|(?:{'|'.join(_SHORT)})\b\.?)"
_DAY = r"(0?[1-9]|[12]\d|3[01])"
_YEAR = r"(1\d{3}|20\d{2})"

_ISO = re.compile(rf"\b{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b")
_SLASHES = re.compile(rf"\b(0?[1-9]|1[0-2])/{_DAY}/{_YEAR}\b")
_MONTH_DAY = re.compile(rf"\b{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?\b(?![:.,]?\d)(?:,?\s+{_YEAR}\b)?")
_DAY_MONTH = re.compile(rf"\b([Tt]he\s+)?{_DAY}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?!\w)(?:,?\s+{_YEAR}\b)?")
_MONTH_YEAR = re.compile(rf"\b{_MONTH},?\s+{_YEAR}\b")
_DECADE = re.compile(r"(?<![\w.,])(?:(1\d|20)?([1-9]0)|(1\d|20)00)['’]?s\b")
_AFTER_WORD = re.compile(
    rf"\b(in|since|from|until|till|by|before|after|of|during|year|to|and)\s+{_YEAR}\b(?![\d.,:/%]\d|%|\s*(?:to|and|-)?\s*\d)",
    re.IGNORECASE,
)
_TIME = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?:\s*([ap])\.?m\b\.?)?(?![\d:])", re.IGNORECASE)
_HOUR = re.compile(r"\b(1[0-2]|0?[1-9])\s*([ap])\.?m\b\.?", re.IGNORECASE)


def dates_in_words(text: str) -> str:
    """A text with its dates, years and decades in words; numbers with slashes are month, day, year."""
    text = _ISO.sub(lambda m: _date(MONTHS[int(m[2]) - 1], m[3], m[1]), text)
    text = _SLASHES.sub(lambda m: _date(MONTHS[int(m[1]) - 1], m[2], m[3]), text)
    text = _MONTH_DAY.sub(lambda m: _date(_full(m[1]), m[2], m[3]), text)
    text = _DAY_MONTH.sub(_day_first, text)
    text = _MONTH_YEAR.sub(lambda m: f"{_full(m[1])} {year(int(m[2]))}", text)
    text = _DECADE.sub(_decade, text)
    return _AFTER_WORD.sub(lambda m: f"{m[1]} {year(int(m[2]))}", text)


def times_in_words(text: str) -> str:
    """A text with its times of day in words: `10:05 p.m.` -> `ten oh five p m`."""
    text = _TIME.sub(_time, text)
    return _HOUR.sub(lambda m: f"{cardinal(int(m[1]))} {m[2].lower()} m{full_stop(m)}", text)


def full_stop(match: re.Match[str]) -> str:
    """The full stop that an abbreviation shares with the end of its sentence, or nothing."""
    return "." if match[0].endswith(".") and re.match(r"\s*$|\s+[A-Z]", match.string[match.end() :]) else ""


def _date(month: str, day: str, of_year: str | None) -> str:
    return f"{month} {ordinal(int(day))}" + (f" {year(int(of_year))}" if of_year else "")


def _day_first(match: re.Match[str]) -> str:
    _, day, month, of_year = match.groups()
    return f"the {ordinal(int(day))} of {_full(month)}" + (f" {year(int(of_year))}" if of_year else "")


def _full(month: str) -> str:
    return next(name for name in MONTHS if name.lower().startswith(month.lower()[:3]))


def _decade(match: re.Match[str]) -> str:
    century, tens, hundreds = match.groups()
    if hundreds:
        return plural(year(int(hundreds) * 100))
    if century == "20" and tens == "00":
        return "two thousands"
    return (f"{cardinal(int(century))} " if century else "") + plural(cardinal(int(tens)))


def _time(match: re.Match[str]) -> str:
    hour, minute, second = int(match[1]), int(match[2]), match[3]
    words = [cardinal(hour)]
    if minute:
        words.append(("oh " if minute < 10 else "") + cardinal(minute))
    elif not match[4]:
        words.append("hundred" if hour > 12 or hour == 0 else "o'clock")
    if second:
        words.append(f"and {cardinal(int(second))} second{'' if int(second) == 1 else 's'}")
    if match[4]:
        words.append(f"{match[4].lower()} m{full_stop(match)}")
    return " ".join(words)
