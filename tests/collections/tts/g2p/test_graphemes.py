import pytest

from nemo.collections.tts.g2p.graphemes import set_grapheme_case
from nemo.utils.exceptions import ConfigError


def test_case_keeps_the_number_of_letters():
    assert set_grapheme_case("Straße") == "STRAẞE"
    assert set_grapheme_case("STRAẞE", "lower") == "straße"
    assert set_grapheme_case("Straße", "mixed") == "Straße"
    with pytest.raises(ConfigError, match="'none'; expected upper, lower or mixed"):
        set_grapheme_case("a", "none")
