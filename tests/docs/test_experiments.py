"""The page on experiments lists every key of the experiment manager with its default."""

import dataclasses
import re

import pytest
import yaml

from nemo.utils.exp_manager.config import CallbackParams, EMAParams, ExpManagerConfig
from tests.docs.documents import ROOT

PAGE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
SECTIONS = {
    "key": ExpManagerConfig(),
    "key of `checkpoint_callback_params`": CallbackParams(),
    "key of `ema`": EMAParams(),
}


def rows(heading):
    """Key -> default, of all tables with this heading."""
    found = {}
    for table in re.findall(rf"^\| {re.escape(heading)} \| default .*\n\|[ -|]*\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        for row in table.splitlines():
            key, default = (cell.strip().strip("`") for cell in row.split("|")[1:3])
            found[key] = yaml.safe_load(default) if default else dataclasses.MISSING
    return found


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_key_is_listed_with_its_default(heading):
    schema = SECTIONS[heading]
    listed = rows(heading)
    for key, default in listed.items():
        value = schema
        for part in key.split("."):
            value = getattr(value, part)
        assert default is dataclasses.MISSING or default == value, key
    # sections have tables or mentions of their own
    missing = {field.name for field in dataclasses.fields(schema)} - {key.partition(".")[0] for key in listed}
    assert all(f"`{key}" in PAGE for key in missing), missing
    assert missing <= {"ema", "checkpoint_callback_params", "create_checkpoint_callback"} | {
        key for key in missing if key.endswith("_kwargs")
    }
