import pytest

from nemo.utils.enum import PrettyStrEnum


class Colour(PrettyStrEnum):
    RED = "red"
    BLUE = "blue"


def test_prints_as_its_value():
    assert str(Colour.RED) == "red"
    assert Colour("blue") is Colour.BLUE


def test_a_wrong_value_lists_the_right_ones():
    with pytest.raises(ValueError, match="'green' is not a Colour; choose one of 'red', 'blue'"):
        Colour("green")
