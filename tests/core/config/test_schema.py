import dataclasses
import enum
import logging
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from omegaconf import MISSING, OmegaConf

from nemo.core.config import schema as schema_module
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError


class Colour(enum.Enum):
    red = "r"
    blue = "b"


@dataclass
class Window:
    size_seconds: float = 0.02
    name: str = "hann"


@dataclass
class Encoder:
    feat_in: int = MISSING
    layers: list[int] = field(default_factory=lambda: [1, 2])
    window: Window = field(default_factory=Window)


@dataclass
class Model:
    encoder: Encoder = field(default_factory=lambda: Encoder(feat_in=64))
    decoder: Encoder | None = None
    labels: Any = None
    log: bool = True
    limit: int | None = None
    mode: Literal["min", "max"] = "min"
    colour: Colour = Colour.red


@pytest.fixture(autouse=True)
def _nothing_reported_yet(monkeypatch):
    monkeypatch.setattr(schema_module, "_reported", set())


def test_defaults_fill_every_depth_and_given_values_win():
    filled = with_defaults(Model, OmegaConf.create({"encoder": {"window": {"size_seconds": 0.1}}, "limit": 3}))
    assert filled.encoder.window == {"size_seconds": 0.1, "name": "hann"}
    assert filled.encoder.layers == [1, 2]
    assert (filled.limit, filled.log, filled.decoder) == (3, True, None)


def test_values_of_a_default_instance_fill_a_section_given_in_part():
    assert with_defaults(Model, {"encoder": {"layers": [7]}}).encoder.feat_in == 64


def test_an_optional_section_that_is_given_is_filled():
    assert with_defaults(Model, {"decoder": {"feat_in": 3}}).decoder.window.name == "hann"


def test_dict_dataclass_and_nothing_are_accepted_and_left_unchanged():
    given = {"limit": 3}
    config = OmegaConf.create(given)
    assert with_defaults(Model, given) == with_defaults(Model, config) == with_defaults(Model, Model(limit=3))
    assert given == {"limit": 3}
    assert config == {"limit": 3}
    assert with_defaults(Model, None).log is True


def test_null_is_a_value():
    assert with_defaults(Model, {"encoder": None, "log": None}) == {
        "encoder": None,
        "log": None,
        "decoder": None,
        "labels": None,
        "limit": None,
        "mode": "min",
        "colour": Colour.red,
    }


def test_interpolations_stay_and_resolve_within_the_section_and_outside():
    root = OmegaConf.create({"sample_rate": 8000, "model": {"limit": "${sample_rate}", "labels": "${.limit}"}})
    filled = with_defaults(Model, root.model)
    assert OmegaConf.is_interpolation(filled, "limit")
    assert filled.limit == 8000
    assert filled.labels == 8000
    assert root.model == {"limit": 8000, "labels": 8000}


def test_unknown_keys_are_kept_and_reported_once_with_the_nearest_key(caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            filled = with_defaults(Model, {"encoder": {"featin": 3, "window": {"zzz": 1}}, "target": "x.Y"})
    assert filled.encoder.featin == 3
    assert [record.getMessage() for record in caplog.records] == [
        "model.encoder.featin is not a key of Encoder. Did you mean model.encoder.feat_in? It is kept and not used.",
        "model.encoder.window.zzz is not a key of Window. There are: size_seconds, name. It is kept and not used.",
    ]


def test_strict_reports_all_faults_together():
    with pytest.raises(ConfigError) as caught:
        with_defaults(Model, {"encoder": {"featin": 3}, "log": "maybe", "decoder": {}}, strict=True)
    assert str(caught.value).splitlines() == [
        "model.log is 'maybe'; expected true or false.",
        "model.encoder.featin is not a key of Encoder. Did you mean model.encoder.feat_in?",
        "model.decoder.feat_in is mandatory and not set. Set it in the configuration, or give "
        "model.decoder.feat_in=VALUE.",
    ]


def test_a_mandatory_value_that_is_not_set_stays_so_until_it_is_read():
    filled = with_defaults(Model, {"decoder": {"window": {"name": "hamming"}}})
    assert OmegaConf.is_missing(filled.decoder, "feat_in")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("limit", "many", "an integer"),
        ("limit", 2.5, "an integer"),
        ("limit", True, "an integer"),
        ("log", "maybe", "true or false"),
        ("mode", "median", "one of 'min', 'max'"),
        ("colour", "green", "one of red, blue"),
        ("encoder", 5, "a section with keys, as Encoder"),
    ],
)
def test_a_value_of_another_type_is_refused(key, value, expected):
    with pytest.raises(ConfigError, match=f"model.{key} is .* expected {expected}"):
        with_defaults(Model, {key: value})


def test_what_is_not_a_section_is_refused():
    with pytest.raises(ConfigError, match="train.* expected a section"):
        with_defaults(Model, "conf.yaml", where="train")


def test_equal_values_of_another_type_are_converted():
    filled = with_defaults(Model, {"limit": "3", "log": "false", "colour": "b", "encoder": {"window": {"name": 5}}})
    assert (filled.limit, filled.log, filled.colour) == (3, False, Colour.blue)
    assert filled.encoder.window.name == "5"
    assert with_defaults(Window, {"size_seconds": "1e-2"}).size_seconds == 0.01


def test_filling_twice_changes_nothing():
    once = with_defaults(Model, {"limit": 3})
    assert with_defaults(Model, once) == once


def test_a_class_whose_annotations_cannot_be_read_still_gives_its_defaults():
    hidden = dataclasses.make_dataclass("Hidden", [("x", "NotImported", 3)])
    assert with_defaults(hidden, {"x": "anything"}).x == "anything"
    assert with_defaults(hidden, {}).x == 3


def test_objects_that_python_code_put_into_a_section_stay():
    assert with_defaults(Model, {"labels": logging.Logger}).labels is logging.Logger
    assert with_defaults(Model, {"labels": ["a"]})._get_flag("allow_objects") is None
