"""Numbers in words, against a reader that goes the other way and against a table."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemo.collections.tts.text.normalization.numbers import LIMIT, cardinal, decimal, digits, ordinal, plural, year

SMALL = {
    **{word: value for value, word in enumerate("zero one two three four five six seven eight nine ten".split())},
    **{"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17},
    **{"eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60},
    **{"seventy": 70, "eighty": 80, "ninety": 90},
}
SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "quadrillion": 15, "quintillion": 18}
SCALES |= {"sextillion": 21, "septillion": 24, "octillion": 27, "nonillion": 30, "decillion": 33}


def value(words):
    """The number that words stand for."""
    total = group = 0
    for word in words.split():
        if word in SMALL:
            group += SMALL[word]
        elif word == "hundred":
            group *= 100
        else:
            total, group = total + group * 10 ** SCALES[word], 0
    return total + group


def test_every_number_up_to_ten_thousand_reads_back():
    spoken = [cardinal(number) for number in range(10_000)]
    assert [value(words) for words in spoken] == list(range(10_000))
    assert len(set(spoken)) == 10_000


@given(st.integers(0, LIMIT - 1))
def test_large_numbers_read_back(number):
    assert value(cardinal(number)) == number
    assert cardinal(-number) == (f"minus {cardinal(number)}" if number else "zero")
    assert decimal(f"{number:,}") == cardinal(number)


@given(st.integers(1000, 9999))
def test_years_read_back(number):
    words = year(number).split()
    if "thousand" in words:
        assert value(" ".join(words)) == number
        return
    split = next(
        index for index in range(1, len(words)) if value(" ".join(words[:index])) == number // 100
    )  # the century first
    rest = [word for word in words[split:] if word not in ("oh", "hundred")]
    assert value(" ".join(rest)) == number % 100


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "first"), (2, "second"), (3, "third"), (5, "fifth"), (8, "eighth"), (9, "ninth"), (11, "eleventh"),
     (12, "twelfth"), (20, "twentieth"), (21, "twenty first"), (100, "one hundredth"), (1012, "one thousand twelfth")],
)  # fmt: skip
def test_ordinals(number, words):
    assert ordinal(number) == words


def test_ordinals_differ_in_the_last_word_only():
    for number in range(1, 2000):
        assert ordinal(number).split()[:-1] == cardinal(number).split()[:-1]
        assert re.search("(first|second|third|th)$", ordinal(number))


@pytest.mark.parametrize(
    ("text", "words"),
    [("3.14", "three point one four"), (".5", "zero point five"), ("007", "zero zero seven"), ("0", "zero"),
     ("1,234.50", "one thousand two hundred thirty four point five zero"), ("0.0", "zero point zero")],
)  # fmt: skip
def test_decimals(text, words):
    assert decimal(text) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(1066, "ten sixty six"), (1900, "nineteen hundred"), (1905, "nineteen oh five"), (2000, "two thousand"),
     (2005, "two thousand five"), (2019, "twenty nineteen"), (476, "four hundred seventy six")],
)  # fmt: skip
def test_years(number, words):
    assert year(number) == words


def test_numbers_without_a_name_are_digits():
    assert cardinal(LIMIT) == digits(str(LIMIT)) == "one" + " zero" * 36
    assert plural("ninety") == "nineties" and plural("inch") == "inches" and plural("foot") == "foots"
