import os
import stat
from pathlib import Path

import pytest

from nemo.utils.data_utils import (
    DataStoreObject,
    ais_binary,
    ais_endpoint_to_dir,
    bucket_and_object_from_uri,
    datastore_path_to_local_path,
    datastore_path_to_webdataset_url,
    is_datastore_cache_shared,
    is_datastore_path,
    resolve_cache_dir,
)
from nemo.utils.exceptions import ConfigError, DownloadError, MissingDependencyError


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A program `ais` whose store is a folder."""
    (tmp_path / "store" / "bucket").mkdir(parents=True)
    (tmp_path / "store" / "bucket" / "a.txt").write_text("content")
    program = tmp_path / "bin" / "ais"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncp "{tmp_path}/store/${{2#ais://}}" "$3"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("AIS_ENDPOINT", "http://localhost:8080")
    monkeypatch.setenv("NEMO_DATA_STORE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_addresses():
    assert is_datastore_path("ais://bucket/a")
    assert not is_datastore_path("/data/ais/a")
    assert bucket_and_object_from_uri("ais://bucket/folder/a.wav") == ("bucket", "folder/a.wav")
    assert ais_endpoint_to_dir("http://localhost:8080") == os.path.join("localhost", "8080")


@pytest.mark.parametrize("uri", ["/data/a", "s3://bucket/a", "ais:///a"])
def test_what_is_no_address_is_refused(uri):
    with pytest.raises(ConfigError, match="is no address of an object store"):
        bucket_and_object_from_uri(uri)


def test_an_endpoint_needs_host_and_port():
    with pytest.raises(ConfigError, match="expected http://host:port"):
        ais_endpoint_to_dir("localhost")


def test_an_object_is_fetched_once(store):
    item = DataStoreObject("ais://bucket/a.txt")
    assert item.local_path == str(store / "cache" / "localhost" / "8080" / "bucket" / "a.txt")
    assert not Path(item.local_path).exists()
    with item.open() as file:
        assert file.read() == "content"
    (store / "store" / "bucket" / "a.txt").unlink()
    assert DataStoreObject("ais://bucket/a.txt", get=True).fetch() == item.local_path


def test_a_missing_object_is_named_and_leaves_nothing(store):
    with pytest.raises(DownloadError, match="ais://bucket/b.txt cannot be had: .*No such file"):
        DataStoreObject("ais://bucket/b.txt", get=True)
    assert [path for path in (store / "cache").rglob("*") if path.is_file()] == []


def test_an_address_cannot_leave_the_folder_of_copies(store):
    with pytest.raises(ConfigError, match="leads out of the folder of copies"):
        datastore_path_to_local_path("ais://bucket/../../../../x")


def test_a_path_is_its_own_copy(tmp_path):
    assert DataStoreObject(str(tmp_path / "a")).local_path == str(tmp_path / "a")
    assert datastore_path_to_webdataset_url("/data/a.tar") == "/data/a.tar"


def test_pipes_for_webdataset(store):
    url = datastore_path_to_webdataset_url("ais://bucket/a.tar")
    assert url == f"pipe:{store}/bin/ais get ais://bucket/a.tar - || true"
    with pytest.raises(ConfigError, match="a shell would act on"):
        datastore_path_to_webdataset_url("ais://bucket/a.tar; rm -r x")


def test_without_the_program_the_error_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="needs AIStore's program `ais`"):
        ais_binary()


def test_without_an_endpoint_the_error_says_what_to_set(monkeypatch):
    monkeypatch.delenv("AIS_ENDPOINT", raising=False)
    with pytest.raises(ConfigError, match="AIS_ENDPOINT is not set"):
        datastore_path_to_local_path("ais://bucket/a")


def test_cache_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("NEMO_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NEMO_DATA_STORE_CACHE_SHARED", "1")
    assert resolve_cache_dir() == tmp_path
    assert is_datastore_cache_shared()
