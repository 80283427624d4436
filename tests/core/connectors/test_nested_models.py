import subprocess
import sys
import tarfile

import pytest
import torch
from omegaconf import OmegaConf

from nemo.core.classes.model_pt import ModelPT
from nemo.core.connectors.save_restore_connector import SaveRestoreConnector
from tests.core.tiny import TinyModel, tiny_config


class Outer(TinyModel):
    """Holds a model that was trained before: at first given as an archive, afterwards in its own archive."""

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        if self.cfg.get("inner") is None:
            inner = ModelPT.restore_from(self.cfg.inner_path, map_location="cpu")
        else:
            inner = ModelPT.from_config_dict(self.cfg.inner)
        self.register_nemo_submodule("inner", "inner", inner)


@pytest.fixture
def saved(tmp_path):
    """Three models in each other, each with a file, in one archive; all that it was made of is deleted."""
    places = []
    for name in ("grandchild", "child", "parent"):
        (tmp_path / f"{name}.txt").write_text(f"words of {name}")
        config = tiny_config(vocabulary_file=str(tmp_path / f"{name}.txt"))
        if places:
            config.inner_path = str(places[-1])
        model = (Outer if places else TinyModel)(config)
        places.append(tmp_path / f"{name}.nemo")
        model.save_to(str(places[-1]))
    for path in [*places[:-1], *tmp_path.glob("*.txt")]:
        path.unlink()
    return places[-1], model


def words(model):
    return [module.words[-1] for _, _, module in model.named_nemo_modules()]


def test_nested_models_come_back_with_their_files(saved):
    path, model = saved
    restored = ModelPT.restore_from(str(path), map_location="cpu")
    assert words(restored) == ["parent", "child", "grandchild"]
    assert [(name, place) for name, place, _ in restored.named_nemo_modules()] == [
        ("", ""), ("inner", "inner"), ("inner.inner", "inner.inner"),
    ]  # fmt: skip
    assert all(map(torch.equal, restored.state_dict().values(), model.state_dict().values()))


def test_archive_holds_the_configs_and_files_of_all(saved):
    path, _ = saved
    config = ModelPT.restore_from(str(path), return_config=True)
    with tarfile.open(path) as tar:
        names = [name.removeprefix("./") for name in tar.getnames()]
    for section in (config, config.inner, config.inner.inner):
        assert section.vocabulary_file.removeprefix("nemo:") in names
    assert config.inner.target == "tests.core.connectors.test_nested_models.Outer"
    assert len(names) == 6


def test_saved_again_without_any_archive_and_restored_elsewhere(saved, tmp_path):
    path, _ = saved
    restored = ModelPT.restore_from(str(path), map_location="cpu")
    path.unlink()
    (tmp_path / "elsewhere").mkdir()
    restored.save_to(str(tmp_path / "elsewhere" / "again.nemo"))
    code = f"""
from tests.core.connectors.test_nested_models import Outer, words
model = Outer.restore_from({str(tmp_path / "elsewhere" / "again.nemo")!r}, map_location="cpu")
print(*words(model), model.inner.inner.encoder.weight.sum().item())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "parent",
        "child",
        "grandchild",
        str(restored.inner.inner.encoder.weight.sum().item()),
    ]


def test_extracted_folder_is_restored_and_saved_again_without_it(saved, tmp_path):
    path, model = saved
    folder = tmp_path / "folder"
    with tarfile.open(path) as tar:
        tar.extractall(folder, filter="data")
    (folder / "README.md").write_text("# a card")
    (folder / "other.nemo").write_bytes(b"not ours")
    path.unlink()
    restored = Outer.restore_from(str(folder), map_location="cpu")
    assert words(restored) == ["parent", "child", "grandchild"]
    assert torch.equal(ModelPT.extract_state_dict_from(str(folder))["encoder.weight"], model.encoder.weight)
    for file in sorted(folder.rglob("*"), reverse=True):
        file.unlink()
    restored.save_to(str(tmp_path / "again.nemo"))
    assert words(Outer.restore_from(str(tmp_path / "again.nemo"), map_location="cpu")) == words(restored)
    with tarfile.open(tmp_path / "again.nemo") as tar:
        assert len(tar.getnames()) == 6  # neither the card nor the other model came along


def test_folder_takes_the_place_of_the_archive_in_the_connector(saved, tmp_path):
    path, _ = saved
    with tarfile.open(path) as tar:
        tar.extractall(tmp_path / "folder", filter="data")
    path.unlink()
    connector = SaveRestoreConnector()
    connector.model_extracted_dir = str(tmp_path / "folder")
    restored = Outer.restore_from(str(path), map_location="cpu", save_restore_connector=connector)
    assert words(restored) == ["parent", "child", "grandchild"]


@pytest.mark.parametrize("form", ["path", "config", "under_model"])
def test_override_replaces_the_config_and_keeps_the_files(saved, tmp_path, form):
    path, _ = saved
    config = Outer.restore_from(str(path), return_config=True)
    config.inner.note = "mine"
    config.twice = "${inner.note}" if form == "config" else "${model.inner.note}"
    override = OmegaConf.create({"model": config}) if form == "under_model" else config
    if form == "path":
        OmegaConf.save({"model": config}, tmp_path / "mine.yaml")
        override = str(tmp_path / "mine.yaml")
    restored = Outer.restore_from(str(path), override_config_path=override, map_location="cpu")
    assert restored.inner.cfg.note == "mine" and words(restored) == ["parent", "child", "grandchild"]
    assert restored.cfg.twice == "mine"


def test_checkpoint_carries_the_files_of_nested_models(saved, tmp_path):
    from nemo.core.connectors.checkpoints import add_to_checkpoint

    path, _ = saved
    model = Outer.restore_from(str(path), map_location="cpu")
    checkpoint = {"state_dict": model.state_dict()}
    add_to_checkpoint(model, checkpoint)
    torch.save(checkpoint, tmp_path / "outer.ckpt")
    del model
    path.unlink()
    loaded = Outer.load_from_checkpoint(str(tmp_path / "outer.ckpt"))
    assert words(loaded) == ["parent", "child", "grandchild"]
