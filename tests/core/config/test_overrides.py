import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from nemo.core.config.overrides import get_hydra_override_from_config


def read_back(text):
    """The overrides as Hydra reads them from a shell's words."""
    parser = OverridesParser.create()
    return {override.key_or_group: override.value() for override in parser.parse_overrides(shlex.split(text))}


def test_values_are_read_back_as_they_were():
    config = {
        "path": "a b/c.nemo",
        "empty": "",
        "number": "007",
        "word": "null",
        "quote": "it's",
        "slash": "a\\'b\\",
        "marks": "x=[1,2]",
        "sizes": [1, 2.5, "a,b"],
        "nested": {"on": True, "rate": 1e-4, "none": None, "empty": {}},
    }
    expected = {key: value for key, value in config.items() if key != "nested"}
    expected |= {f"nested.{key}": value for key, value in config["nested"].items()}
    found = {key: _plain(value) for key, value in read_back(get_hydra_override_from_config(config)).items()}
    assert found == expected


def _plain(value):
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return getattr(value, "text", value)


def test_sections_may_be_left_out():
    config = {"a": 1, "b": {"c": 2, "d": {"e": 3}}}
    assert get_hydra_override_from_config(config, exclude_keys=["a", "b.d"]) == " b.c=2"


@pytest.mark.parametrize("config", [None, {}])
def test_nothing_gives_nothing(config):
    assert get_hydra_override_from_config(config) == ""
