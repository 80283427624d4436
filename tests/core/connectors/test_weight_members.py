import io

import pytest
import torch

from nemo.core.archive.weights import save_weights
from nemo.core.connectors.weight_members import is_weights
from nemo.utils.exceptions import ArchiveError, NotYetSupportedError, UnsafeArchiveError
from tests.core.tiny import TinyModel, tiny_config
from tests.security import archives


class TiedModel(TinyModel):
    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        self.output = torch.nn.Linear(4, 3, bias=False)
        self.output.weight = self.encoder.weight


def saved(model, safetensors=False):
    file = io.BytesIO()
    save_weights(model.state_dict(), file, safetensors=safetensors)
    return file.getvalue()


def archive(path, weights, model_class=TinyModel):
    config = f"target: {model_class.__module__}.{model_class.__qualname__}\nwidth: 3\n".encode()
    members = [archives.member(f"./{name}", data) for name, data in {"model_config.yaml": config, **weights}.items()]
    path.write_bytes(archives.tar_bytes(members))
    return str(path)


@pytest.mark.parametrize(
    "name",
    [
        "model_weights.ckpt",
        "model_weights.safetensors",
        "mp_rank_00/model_weights.ckpt",
        "tp_rank_00_pp_rank_000/model_weights.ckpt",
        "tp_rank_00_pp_rank_000/fsdp_shard_00000/model_weights.ckpt",
    ],
)
def test_weights_are_found_where_releases_put_them(tmp_path, name):
    model = TinyModel(tiny_config())
    path = archive(tmp_path / "a.nemo", {name: saved(model, name.endswith("safetensors"))})
    restored = TinyModel.restore_from(path, map_location="cpu")
    assert torch.equal(restored.encoder.weight, model.encoder.weight)
    assert is_weights(name)


@pytest.mark.parametrize("name", ["words.txt", "a/model_weights.ckpt", "mp_rank_00/words.txt", "model_weights.txt"])
def test_other_members_are_no_weights(name):
    assert not is_weights(name)


@pytest.mark.parametrize("folder", ["mp_rank_{:02d}", "tp_rank_{:02d}_pp_rank_000"])
def test_model_split_over_devices_is_refused_in_plain_words(tmp_path, folder):
    weights = saved(TinyModel(tiny_config()))
    parts = {f"{folder.format(rank)}/model_weights.ckpt": weights for rank in range(2)}
    with pytest.raises(NotYetSupportedError, match="split over 2 devices.*Merge the parts"):
        TinyModel.restore_from(archive(tmp_path / "a.nemo", parts))


def test_distributed_checkpoint_is_refused_in_plain_words(tmp_path):
    parts = {"model_weights/common.pt": b"", "model_weights/__0_0.distcp": b"", "model_weights/.metadata": b""}
    with pytest.raises(NotYetSupportedError, match=r"distributed checkpoint \(the folder model_weights/\)"):
        TinyModel.restore_from(archive(tmp_path / "a.nemo", parts))


def test_archive_without_weights_lists_what_it_has(tmp_path):
    with pytest.raises(ArchiveError, match="no member 'model_weights.ckpt'; it holds model_config.yaml, words.txt"):
        TinyModel.restore_from(archive(tmp_path / "a.nemo", {"words.txt": b"a"}))


def test_both_formats_may_be_there_when_they_say_the_same(tmp_path):
    model = TinyModel(tiny_config())
    with torch.no_grad():
        model.encoder.bias[0] = float("nan")
    both = {"model_weights.ckpt": saved(model), "model_weights.safetensors": saved(model, safetensors=True)}
    restored = TinyModel.restore_from(archive(tmp_path / "a.nemo", both), map_location="cpu")
    assert torch.equal(restored.encoder.weight, model.encoder.weight)


@pytest.mark.parametrize("change", ["value", "shape", "name"])
def test_both_formats_that_differ_are_refused(tmp_path, change):
    other = TinyModel(tiny_config()).state_dict()
    both = {"model_weights.ckpt": saved(TinyModel(tiny_config()))}
    if change == "name":
        other["extra"] = torch.zeros(1)
    elif change == "shape":
        other["encoder.bias"] = torch.zeros(4)
    file = io.BytesIO()
    save_weights(other, file, safetensors=True)
    both["model_weights.safetensors"] = file.getvalue()
    with pytest.raises(UnsafeArchiveError, match="and they differ: "):
        TinyModel.restore_from(archive(tmp_path / "a.nemo", both))


@pytest.mark.parametrize("request_by", ["argument", "config", "connector"])
def test_safetensors_on_request(tmp_path, request_by):
    model = TiedModel(tiny_config(save_safetensors=True) if request_by == "config" else tiny_config())
    if request_by == "connector":
        TiedModel._save_restore_connector.save_safetensors = True
    try:
        model.save_to(str(tmp_path / "a.nemo"), safetensors=request_by == "argument")
    finally:
        TiedModel._save_restore_connector.save_safetensors = False
    from nemo.core.archive.tar_reader import ArchiveReader

    with ArchiveReader(tmp_path / "a.nemo") as reader:
        assert sorted(reader.names()) == ["model_config.yaml", "model_weights.safetensors"]
    restored = TiedModel.restore_from(str(tmp_path / "a.nemo"), map_location="cpu")
    assert restored.output.weight is restored.encoder.weight
    assert torch.equal(restored.output.weight, model.output.weight)
    assert not TiedModel._save_restore_connector.save_safetensors


def test_library_opens_our_safetensors(tmp_path):
    from safetensors.torch import load

    from nemo.core.archive.tar_reader import ArchiveReader

    model = TinyModel(tiny_config())
    model.save_to(str(tmp_path / "a.nemo"), safetensors=True)
    with ArchiveReader(tmp_path / "a.nemo") as reader:
        theirs = load(reader.read("model_weights.safetensors"))
    assert theirs.keys() == model.state_dict().keys()
    assert all(torch.equal(value, theirs[name]) for name, value in model.state_dict().items())
