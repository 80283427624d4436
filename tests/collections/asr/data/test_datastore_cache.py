import json
import os
import stat

import pytest

from nemo.collections.asr.data.audio_to_text import cache_datastore_manifests
from nemo.utils.data_utils import datastore_path_to_local_path
from nemo.utils.exceptions import DownloadError


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A program `ais` whose store is a folder."""
    (tmp_path / "store" / "bucket" / "clips").mkdir(parents=True)
    program = tmp_path / "bin" / "ais"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncp "{tmp_path}/store/${{2#ais://}}" "$3"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("AIS_ENDPOINT", "http://localhost:8080")
    monkeypatch.setenv("NEMO_DATA_STORE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "store" / "bucket"


def manifest(store, *paths):
    lines = [json.dumps({"audio_filepath": path, "duration": 1.0, "text": ""}) for path in paths]
    (store / "m.json").write_text("\n".join(lines) + "\n")
    return "ais://bucket/m.json"


def test_manifests_and_their_recordings_are_fetched(store):
    (store / "clips" / "a.wav").write_bytes(b"a")
    (store / "b.wav").write_bytes(b"b")
    address = manifest(store, "clips/a.wav", "ais://bucket/b.wav", "/data/c.wav")
    cache_datastore_manifests(f"{address},/data/here.json", num_workers=2)
    copy = datastore_path_to_local_path(address)
    assert os.path.exists(copy)
    assert os.listdir(os.path.dirname(copy)) == ["m.json"]
    cache_datastore_manifests([address], cache_audio=True, num_workers=2)
    folder = os.path.dirname(copy)
    with open(f"{folder}/clips/a.wav", "rb") as beside, open(f"{folder}/b.wav", "rb") as named:
        assert (beside.read(), named.read()) == (b"a", b"b")


def test_a_recording_that_is_not_there_is_named(store):
    with pytest.raises(DownloadError, match=r"ais://bucket/x\.wav cannot be had"):
        cache_datastore_manifests(manifest(store, "x.wav"), cache_audio=True)
