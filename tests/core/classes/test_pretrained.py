import functools
import hashlib
import http.server
import threading

import pytest
import torch

from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.pretrained import PretrainedModelInfo, resolve_subclass_pretrained_model_info
from tests.core.tiny import OtherModel, TinyModel, tiny_config


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEMO_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def cached_path(cache, info):
    digest = hashlib.md5((info.location + info.description).encode()).hexdigest()
    return cache / "tiny_en" / digest / "tiny_en.nemo"


def test_cached_model_is_restored_without_network(cache):
    model = TinyModel(tiny_config())
    model.save_to(str(cached_path(cache, TinyModel.list_available_models()[0])))
    restored = TinyModel.from_pretrained("tiny_en")
    assert torch.equal(restored.encoder.weight, model.encoder.weight)
    assert TinyModel.from_pretrained("tiny_en", return_config=True).width == 3


def test_unknown_name_gets_the_nearest(cache):
    with pytest.raises(FileNotFoundError, match="Did you mean 'tiny_en'"):
        TinyModel.from_pretrained("tiny_de")
    with pytest.raises(FileNotFoundError, match="OtherModel knows no published model"):
        OtherModel.from_pretrained("tiny_en")


def test_names():
    assert TinyModel.get_available_model_names() == ["tiny_en"]


def test_base_class_lists_the_models_of_its_subclasses():
    found = {info.pretrained_model_name: info for info in resolve_subclass_pretrained_model_info(ModelPT)}
    assert found["tiny_en"].class_ is TinyModel


def test_rows_are_equal_by_location_or_name_and_ordered_by_name():
    a, b = PretrainedModelInfo("a", "", "x"), PretrainedModelInfo("b", "", "x")
    assert a == b and hash(a) == hash(b) and a < b
    assert a == PretrainedModelInfo("a", "", "y") and a != PretrainedModelInfo("c", "", "z")
    assert repr(a).startswith("PretrainedModelInfo(\n\tpretrained_model_name=a,\n")


@pytest.fixture
def server(tmp_path):
    """A local server of the files in a folder; gives the folder and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_model_is_downloaded_once_and_again_on_request(cache, server, monkeypatch):
    folder, address = server
    info = PretrainedModelInfo("tiny_en", "A tiny model.", f"{address}/tiny_en.nemo")
    monkeypatch.setattr(TinyModel, "list_available_models", classmethod(lambda cls: [info]))
    with pytest.raises(ValueError, match=f"tiny_en could not be downloaded.*{address}"):
        TinyModel.from_pretrained("tiny_en")
    first, second = TinyModel(tiny_config()), TinyModel(tiny_config())
    first.save_to(str(folder / "tiny_en.nemo"))
    assert torch.equal(TinyModel.from_pretrained("tiny_en").encoder.weight, first.encoder.weight)
    second.save_to(str(folder / "tiny_en.nemo"))
    assert torch.equal(TinyModel.from_pretrained("tiny_en").encoder.weight, first.encoder.weight)
    refreshed = TinyModel.from_pretrained("tiny_en", refresh_cache=True)
    assert torch.equal(refreshed.encoder.weight, second.encoder.weight)
    assert [path.name for path in cached_path(cache, info).parent.iterdir()] == ["tiny_en.nemo"]


def test_a_download_with_another_checksum_is_refused(cache, server, monkeypatch):
    folder, address = server
    TinyModel(tiny_config()).save_to(str(folder / "tiny_en.nemo"))
    right = hashlib.sha256((folder / "tiny_en.nemo").read_bytes()).hexdigest()
    info = PretrainedModelInfo("tiny_en", "A tiny model.", f"{address}/tiny_en.nemo", sha256="0" * 64)
    monkeypatch.setattr(TinyModel, "list_available_models", classmethod(lambda cls: [info]))
    with pytest.raises(ValueError, match=f"sha256 checksum {right}. Expected 0000"):
        TinyModel.from_pretrained("tiny_en")
    assert not list(cached_path(cache, info).parent.iterdir())
    info.sha256 = right
    TinyModel.from_pretrained("tiny_en")
