import pytest
from omegaconf import OmegaConf

from nemo.core.classes.evaluation_sets import parse_dataset_as_name, resolve_dataset_name_from_cfg


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"batch_size": 1, "manifest": ["{a}", "{b}"], "other": "{a}"}, "manifest"),
        ({"manifest": ["{a}", "missing.json"], "other": "{a}"}, "other"),
        ({"manifest": "missing.json"}, None),
        ({"manifest": []}, None),
        ({"ds_item": "manifest", "manifest": ["{a}"]}, "manifest"),
        ({"ds_item": [{"name": "x"}]}, "ds_item"),
        ({"labels": "???", "manifest": "{a}"}, "manifest"),
        ({"manifest": "ais://bucket/set.json"}, "manifest"),
    ],
)
def test_key_that_names_the_data(tmp_path, config, key):
    places = {name: tmp_path / name for name in ("a", "b")}
    for place in places.values():
        place.write_text("")

    def fill(value):
        return [fill(item) for item in value] if isinstance(value, list) else (
            value.format(**places) if isinstance(value, str) else value
        )  # fmt: skip

    assert resolve_dataset_name_from_cfg(OmegaConf.create({k: fill(v) for k, v in config.items()})) == key


@pytest.mark.parametrize(
    ("name", "prefix"), [("dev-clean_manifest.json", "dev_clean_"), ("test_other.json", "test_other_")]
)
def test_prefix_comes_from_the_file_name(tmp_path, name, prefix):
    (tmp_path / name).write_text("")
    assert parse_dataset_as_name(str(tmp_path / name)) == prefix


def test_nothing_left_of_a_name_is_an_error():
    with pytest.raises(ValueError, match="manifest"):
        parse_dataset_as_name("manifest")
