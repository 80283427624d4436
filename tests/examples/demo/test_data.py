import json

import pytest

from examples.demo import data
from examples.demo.data import choose_source, prepare_data
from examples.demo.errors import DemoError
from examples.demo.manifests import read_entries
from tests.examples.demo.test_manifests import write_silence


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """Replaces the fetching of prompts by forty short recordings; gives the list of calls."""
    calls = []

    def get(folder):
        calls.append(folder)
        return [(write_silence(folder / f"{i}.wav", 0.5), f"sentence {i}") for i in range(40)]

    monkeypatch.setattr(data, "get_telephone_prompts", get)
    return calls


def test_second_run_uses_the_data_of_the_first(tmp_path, fetched):
    first = prepare_data("prompts", tmp_path)
    assert prepare_data("prompts", tmp_path) == first
    assert len(fetched) == 1


def test_prompts_are_trained_joined_and_held_out_as_they_are(tmp_path, fetched):
    prepared = prepare_data("prompts", tmp_path)
    joined, spoken = read_entries(prepared.train), read_entries(prepared.spoken)
    assert len(joined) < len(spoken)
    assert {entry["duration"] for entry in read_entries(prepared.held_out)} == {0.5}


def test_lost_recordings_are_fetched_again(tmp_path, fetched):
    prepared = prepare_data("prompts", tmp_path)
    (tmp_path / "prompts" / "0.wav").unlink()
    assert prepare_data("prompts", tmp_path) == prepared
    assert len(fetched) == 2


def test_source_follows_the_package_client(monkeypatch):
    monkeypatch.setattr(data, "package_client", lambda: "/usr/bin/apt-get")
    assert choose_source() == "prompts"
    monkeypatch.setattr(data, "package_client", lambda: None)
    assert choose_source() == "synthetic"


AN4_SCRIPT = """
import argparse, json, pathlib
parser = argparse.ArgumentParser(); parser.add_argument("--data_root", type=pathlib.Path)
root = parser.parse_args().data_root / "an4"; root.mkdir()
for part in ("train", "test"):
    (root / f"{part}_manifest.json").write_text(json.dumps({"audio_filepath": __file__, "text": part}) + "\\n")
"""


def test_an4_comes_from_its_script(tmp_path, monkeypatch):
    script = tmp_path / "process_an4_data.py"
    script.write_text(AN4_SCRIPT)
    monkeypatch.setattr(data, "AN4_SCRIPT", script)
    prepared = prepare_data("an4", tmp_path / "demo")
    assert json.loads(prepared.held_out.read_text())["text"] == "test"


def test_failure_of_the_an4_script_is_passed_on(tmp_path, monkeypatch):
    script = tmp_path / "process_an4_data.py"
    script.write_text("raise SystemExit('no route to host')")
    monkeypatch.setattr(data, "AN4_SCRIPT", script)
    with pytest.raises(DemoError, match=r"(?s)no route to host.*DATA=prompts"):
        prepare_data("an4", tmp_path / "demo")
