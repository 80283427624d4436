import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.demo.spoken_text import KNOWN_CHARACTERS, spell_number, spoken_text


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (28, "twenty eight"),
        (500, "five hundred"),
        (1234, "one thousand two hundred thirty four"),
        (999_999, "nine hundred ninety nine thousand nine hundred ninety nine"),
    ],
)
def test_numbers_are_spelled(number, words):
    assert spell_number(number) == words


@pytest.mark.parametrize(
    ("printed", "spoken"),
    [
        ("Please press 1 (or #) to leave.", "please press one to leave"),
        ("enter it followed by # or *", "enter it followed by pound or star"),
        ("[this is a simple beep tone]", ""),
        ("<beep ascending>", ""),
        ("at [@]", "at"),
        ("A.M.", "a m"),
        ("o'clock, 'quoted' party's", "o'clock quoted party's"),
        ("3D audio enabled", "three d audio enabled"),
        ("De-activated.", "de activated"),
        ("...to lock, or unlock.", "to lock or unlock"),
    ],
)
def test_spoken_text_of_printed_text(printed, spoken):
    assert spoken_text(printed) == spoken


@given(st.text(max_size=40))
def test_spoken_text_is_plain_and_stable(printed):
    spoken = spoken_text(printed)
    assert set(spoken) <= KNOWN_CHARACTERS
    assert spoken_text(spoken) == spoken
