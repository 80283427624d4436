"""English numbers in words, without hyphens and without "and": `two hundred twenty one`."""

from __future__ import annotations

UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = (
    "thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion"
).split()
"""The names of 1000, 1000², ..."""
NAMED_DIGITS = 3 * (len(SCALES) + 1)
LIMIT = 10**NAMED_DIGITS
"""Numbers from here on have no name and are said digit by digit."""
ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """`221` -> `two hundred twenty one`; `-5` -> `minus five`."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number >= LIMIT:
        return digits(str(number))
    words: list[str] = []
    groups: list[int] = []
    while number or not groups:
        number, group = divmod(number, 1000)
        groups.append(group)
    for power in range(len(groups) - 1, -1, -1):
        if groups[power] or len(groups) == 1:
            words += [*_below_thousand(groups[power]), *([SCALES[power - 1]] if power else [])]
    return " ".join(words)


def ordinal(number: int) -> str:
    """`21` -> `twenty first`."""
    *others, last = cardinal(number).split()
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return " ".join([*others, ORDINALS.get(last, regular)])


def digits(text: str) -> str:
    """Each digit of a text: `007` -> `zero zero seven`."""
    return " ".join(UNITS[int(character)] for character in text if character.isdecimal())


def decimal(text: str) -> str:
    """A number with or without a fraction, commas between thousands: `1,234.50` -> `... point five zero`."""
    whole, point, fraction = text.replace(",", "").partition(".")
    is_code = len(whole) > 1 and whole[0] == "0" and not point
    spoken = digits(whole) if is_code or len(whole) > NAMED_DIGITS else cardinal(int(whole or 0))
    return f"{spoken} point {digits(fraction)}" if fraction else spoken


def year(number: int) -> str:
    """A year as it is said: `1984` -> `nineteen eighty four`, `1905` -> `nineteen oh five`, `2005` in full."""
    century, rest = divmod(number, 100)
    if number < 1000 or number > 9999 or century % 10 == 0 and rest < 10:
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def plural(words: str) -> str:
    """The last word in the plural: `nineteen ninety` -> `nineteen nineties`."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith(("s", "x", "ch", "sh")) else "s")


def _below_thousand(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    words = [UNITS[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        return [*words, TENS[tens], *([UNITS[ones]] if ones else [])]
    return [*words, UNITS[rest]] if rest or not words else words
