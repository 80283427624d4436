"""English text becomes words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemo.collections.tts.text.normalization import EnglishNormalizer
from nemo.collections.tts.text.normalization.numbers import cardinal
from nemo.utils.exceptions import ConfigError

EXAMPLES = {
    "Dr. Lee paid $5.20 on 3/4/2021.": (
        "doctor Lee paid five dollars and twenty cents on March fourth twenty twenty one."
    ),
    "$1, £1.01, $0.50, €2, ¥500": "one dollar, one pound and one penny, fifty cents, two euros, five hundred yen",
    "$3.5 million and $2.5": "three point five million dollars and two point five dollars",
    "At 10:05 p.m. or 10:00, 22:00, 5pm.": "At ten oh five p m or ten o'clock, twenty two hundred, five p m.",
    "Until 12:30:01 a.m. He left at 7 p.m.": "Until twelve thirty and one second a m. He left at seven p m.",
    "in 1984, since 2005, the 1990s, the '80s": (
        "in nineteen eighty four, since two thousand five, the nineteen nineties, the 'eighties"
    ),
    "Jan. 5, 2020; January 5th; 2023-12-01": (
        "January fifth twenty twenty; January fifth; December first twenty twenty three"
    ),
    "5 January 2021; the 3rd of May; March 1999": (
        "the fifth of January twenty twenty one; the third of May; March nineteen ninety nine"
    ),
    "We may 5 times; group 5 may go": "We may five times; group five may go",
    "5 km, 1 kg, 6 ft, 3.5 GHz, 10km/h, 20°C": (
        "five kilometers, one kilogram, six feet, three point five gigahertz, ten kilometers per hour, "
        "twenty degrees Celsius"
    ),
    "5% of 1st, 22nd, 1,000th": "five percent of first, twenty second, one thousandth",
    "1/2, 3/4, 2/3, 3 1/2": "one half, three quarters, two thirds, three and one half",
    "10-20 people at -5": "ten to twenty people at minus five",
    "Call 555-1234": "Call five five five, one two three four",
    "B2B 007 v1.2.3": "B two B zero zero seven v one point two point three",
    "St. John, 12 Oak St. No. 5 & #6": "saint John, twelve Oak street number five and number six",
    "Ltd. or etc. And e.g. this, etc.": "limited or et cetera. And for example this, et cetera.",
    "a&b = c + d@e &": "a and b equals c plus d at e and",
    "1" * 40 + "st": "one " * 40 + "st",
    f"${'2' * 40}": "two " * 40 + "dollars",
    "Nothing to do, isn't it?": "Nothing to do, isn't it?",
    "": "",
}


@pytest.mark.parametrize(("text", "words"), EXAMPLES.items())
def test_examples(text, words):
    assert EnglishNormalizer().normalize(text) == words


@given(st.text(alphabet="ab 0123456789.,:/-$%#'st°", max_size=40))
def test_no_digit_is_left(text):
    assert not set(EnglishNormalizer().normalize(text)) & set("0123456789")


@given(st.text(alphabet=st.characters(exclude_characters="&@+=%#$£€¥°"), max_size=30))
def test_text_without_numbers_and_abbreviations_stays(text):
    letters = "".join(character for character in text if not character.isnumeric() and character != ".")
    assert EnglishNormalizer().normalize(letters) == letters


@given(st.integers(0, 10**15))
def test_numbers_in_sentences_are_the_numbers_in_words(number):
    assert EnglishNormalizer().normalize(f"It has {number:,} parts") == f"It has {cardinal(number)} parts"


def test_other_languages_are_refused():
    with pytest.raises(ConfigError, match="no lang 'de'; expected en. Install nemo_text_processing"):
        EnglishNormalizer("de")
