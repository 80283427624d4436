"""Keys are found in YAML files with their line and comment, and in dataclasses with the string below them."""

from dataclasses import dataclass, field

import pytest

from nemo.core.config.places import ConfigPlaces, described_field

YAML = """\
# Trains a thing.
name: demo

model:
  # How the data is read:
  # a manifest.
  train_ds:  # for training
    manifest_filepath: ???  # lines of JSON, "#" may be in it
    batch_size: 4
    text: "a # b"
    # other indentation
  # nothing

  # still nothing
  empty: null
  list: [1, 2]  # two numbers
"""


@pytest.fixture
def places(tmp_path):
    (tmp_path / "demo.yaml").write_text(YAML)
    (tmp_path / "adam.yaml").write_text("lr: ???  # learning rate\n")
    return ConfigPlaces([(tmp_path / "demo.yaml", ""), (tmp_path / "adam.yaml", "model.optim")])


@pytest.mark.parametrize(
    ("key", "line", "comment"),
    [
        ("name", 2, None),
        ("model", 4, None),
        ("model.train_ds", 7, "for training"),
        ("model.train_ds.manifest_filepath", 8, 'lines of JSON, "#" may be in it'),
        ("model.train_ds.batch_size", 9, None),
        ("model.train_ds.text", 10, None),
        ("model.empty", 15, "still nothing"),
        ("model.list", 16, "two numbers"),
        ("model.optim.lr", 1, "learning rate"),
    ],
)
def test_line_and_comment_of_a_key(places, key, line, comment):
    found = places.find(key)
    assert (found.line, found.comment) == (line, comment)


def test_keys_in_a_message_are_found(places):
    found = places.named_in(
        "model.train_ds.batch_size is 'x'; expected an integer. Set model.empty=1, or `model.list`."
    )
    assert {key: place.line for key, place in found.items()} == {
        "model.train_ds.batch_size": 9,
        "model.empty": 15,
        "model.list": 16,
    }


def test_files_that_cannot_be_read_have_no_keys(tmp_path):
    (tmp_path / "broken.yaml").write_text("a: [1")
    assert ConfigPlaces([(tmp_path / "broken.yaml", ""), (tmp_path / "missing.yaml", "")]).find("a") is None


@dataclass
class Inner:
    width: int = 3
    """Channels of the inner layer,
    at least one."""


@dataclass
class Base:
    name: str = "x"
    """What it is called."""


@dataclass
class Outer(Base):
    inner: Inner = field(default_factory=Inner)
    plain: int = 1


def test_strings_below_fields_say_what_a_field_is():
    assert described_field(Outer, "name") == "What it is called."
    assert described_field(Outer, "inner.width") == "Channels of the inner layer, at least one."
    assert described_field(Outer, "plain") is None
    assert described_field(Outer, "nothing.there") is None
