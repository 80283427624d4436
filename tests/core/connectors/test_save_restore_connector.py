import io
import subprocess
import sys
import tarfile

import pytest
import torch
from omegaconf import OmegaConf

from nemo.core.classes.model_pt import ModelPT
from nemo.core.connectors.save_restore_connector import SaveRestoreConnector
from nemo.utils.exceptions import ArchiveError, UnsafeTargetError
from tests.core.tiny import OtherModel, TinyModel, WiderTinyModel, tiny_config


@pytest.fixture
def archive(tmp_path):
    """A saved TinyModel with a vocabulary file; the original of that file is deleted."""
    words = tmp_path / "words.txt"
    words.write_text("one two three")
    model = TinyModel(tiny_config(vocabulary_file=str(words)))
    path = tmp_path / "deep" / "tiny.nemo"
    model.save_to(str(path))
    words.unlink()
    return path, model


def rewrite(path, change):
    """Writes the archive anew, each member passed through `change(name, data)`."""
    with tarfile.open(path) as tar:
        members = [(m.name, tar.extractfile(m).read()) for m in tar.getmembers() if m.isfile()]
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            data = change(name, data)
            if data is not None:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def test_restored_model_computes_the_same(archive):
    path, model = archive
    restored = TinyModel.restore_from(str(path))
    x = torch.randn(5, 4)
    assert restored is not model
    assert torch.equal(restored(x), model(x))
    assert restored.words == ["one", "two", "three"]


def test_archive_holds_what_the_layout_says(archive):
    path, _ = archive
    with tarfile.open(path, "r:") as tar:  # uncompressed
        names = tar.getnames()
        config = OmegaConf.create(tar.extractfile("./model_config.yaml").read().decode())
        weights = torch.load(io.BytesIO(tar.extractfile("./model_weights.ckpt").read()), weights_only=True)
    artifact = config.vocabulary_file.removeprefix("nemo:")
    assert sorted(names) == sorted([".", "./model_config.yaml", "./model_weights.ckpt", f"./{artifact}"])
    assert len(artifact.split("_")[0]) == 32 and artifact.endswith("_words.txt")
    assert config.target == "tests.core.tiny.TinyModel"
    assert "nemo_version" in config
    assert list(weights) == ["encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"]


def test_restored_model_saves_again_without_the_archive(archive, tmp_path):
    path, model = archive
    restored = TinyModel.restore_from(str(path))
    path.unlink()
    restored.save_to(str(tmp_path / "again.nemo"))
    again = TinyModel.restore_from(str(tmp_path / "again.nemo"))
    assert again.words == model.words
    assert again.artifacts["vocabulary_file"].hashed_path == restored.artifacts["vocabulary_file"].hashed_path


def test_restores_in_a_new_process(archive):
    path, _ = archive
    code = f"""
from tests.core.tiny import TinyModel
from nemo.core import ModelPT
print(type(ModelPT.restore_from({str(path)!r})).__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "TinyModel"
    assert "tiny" not in done.stderr.lower()  # restoring is quiet


def test_instance_on_which_restore_is_called_stays_as_it_is(archive):
    path, _ = archive
    other = TinyModel(tiny_config())
    before = other.encoder.weight.clone()
    restored = other.restore_from(str(path))
    assert restored is not other
    assert torch.equal(other.encoder.weight, before)


def test_derived_calling_class_takes_the_place_of_the_target(archive):
    path, _ = archive
    assert type(WiderTinyModel.restore_from(str(path))) is WiderTinyModel


def test_archive_of_another_class_is_refused(tmp_path):
    OtherModel(tiny_config()).save_to(str(tmp_path / "other.nemo"))
    with pytest.raises(ArchiveError, match=r"other\.nemo holds a OtherModel, which is not a WiderTinyModel"):
        WiderTinyModel.restore_from(str(tmp_path / "other.nemo"))


def test_return_config_reads_no_weights(archive):
    path, _ = archive
    rewrite(path, lambda name, data: None if "weights" in name else data)
    config = ModelPT.restore_from(str(path), return_config=True)
    assert config.width == 3
    with pytest.raises(ArchiveError, match="model_weights.ckpt"):
        TinyModel.restore_from(str(path))


def test_override_config_replaces_the_archives(archive, tmp_path):
    path, _ = archive
    config = TinyModel.restore_from(str(path), return_config=True)
    config.note = "mine"
    assert TinyModel.restore_from(str(path), override_config_path=config).cfg.note == "mine"
    OmegaConf.save({"model": config}, tmp_path / "mine.yaml")
    assert TinyModel.restore_from(str(path), override_config_path=str(tmp_path / "mine.yaml")).cfg.note == "mine"


def test_override_may_name_a_file_outside_the_archive(archive, tmp_path):
    path, _ = archive
    (tmp_path / "mine.txt").write_text("four five")
    config = TinyModel.restore_from(str(path), return_config=True)
    config.vocabulary_file = str(tmp_path / "mine.txt")
    assert TinyModel.restore_from(str(path), override_config_path=config).words == ["four", "five"]


def test_path_in_an_archive_is_not_opened_outside_it(archive, tmp_path):
    path, _ = archive
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    rewrite(
        path,
        lambda name, data: (
            data.replace(b"vocabulary_file: nemo:", f"vocabulary_file: {secret}\nwas: nemo:".encode())
            if "config" in name
            else data
        ),
    )
    with pytest.raises(FileNotFoundError, match="vocabulary_file"):
        TinyModel.restore_from(str(path))
    config = TinyModel.restore_from(str(path), return_config=True)  # nor when it comes back as an override
    with pytest.raises(FileNotFoundError, match="vocabulary_file"):
        TinyModel.restore_from(str(path), override_config_path=config)


def test_target_in_an_archive_is_refused_also_as_an_override(archive):
    path, _ = archive
    rewrite(
        path,
        lambda name, data: data + b"evil:\n  _target_: os.system\n  command: 'true'\n" if "config" in name else data,
    )
    for arguments in ({}, {"return_config": True}):
        with pytest.raises(UnsafeTargetError, match="os.system"):
            TinyModel.restore_from(str(path), **arguments)


def test_missing_artifact_is_named(archive):
    path, _ = archive
    rewrite(path, lambda name, data: None if name.endswith("words.txt") else data)
    with pytest.raises(ArchiveError, match="vocabulary_file"):
        TinyModel.restore_from(str(path))


def test_class_of_the_users_own_is_built_when_trusted(tmp_path, monkeypatch):
    (tmp_path / "my_models.py").write_text("from tests.core.tiny import TinyModel\nclass Mine(TinyModel):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "mine.nemo"
    TinyModel(tiny_config(target="my_models.Mine")).save_to(str(path))
    with pytest.raises(UnsafeTargetError, match="trusted_targets"):
        TinyModel.restore_from(str(path))
    assert "my_models" not in sys.modules  # refused by name, nothing was imported
    restored = TinyModel.restore_from(str(path), trusted_targets=["my_models.Mine"])
    assert type(restored).__name__ == "Mine"
    sys.modules.pop("my_models")


def test_extracted_folder_is_read_like_an_archive(archive, tmp_path):
    path, model = archive
    with tarfile.open(path) as tar:
        tar.extractall(tmp_path / "folder", filter="data")
    connector = SaveRestoreConnector()
    connector.model_extracted_dir = str(tmp_path / "folder")
    restored = TinyModel.restore_from(str(path), save_restore_connector=connector)
    assert torch.equal(restored.encoder.weight, model.encoder.weight)


def test_gzipped_archive_of_early_releases_loads(archive, tmp_path):
    path, model = archive
    with tarfile.open(path) as plain, tarfile.open(tmp_path / "old.nemo", "w:gz") as packed:
        for member in plain.getmembers():
            packed.addfile(member, plain.extractfile(member) if member.isfile() else None)
    assert torch.equal(TinyModel.restore_from(str(tmp_path / "old.nemo")).encoder.weight, model.encoder.weight)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.nemo"):
        TinyModel.restore_from(str(tmp_path / "nothing.nemo"))


@pytest.mark.parametrize("content", [b"", b"this is no tar file" * 100])
def test_file_that_is_no_archive_is_named(tmp_path, content):
    (tmp_path / "broken.nemo").write_bytes(content)
    with pytest.raises(ArchiveError, match="broken.nemo"):
        TinyModel.restore_from(str(tmp_path / "broken.nemo"))


def test_truncated_archive_is_named(archive):
    path, _ = archive
    path.write_bytes(path.read_bytes()[:-6000])
    with pytest.raises(ArchiveError, match="tiny.nemo"):
        TinyModel.restore_from(str(path))


def test_state_dict_alone_from_one_argument(archive):
    path, model = archive
    state_dict = ModelPT.extract_state_dict_from(str(path))
    assert {name: tensor.shape for name, tensor in state_dict.items()} == {
        name: tensor.shape for name, tensor in model.state_dict().items()
    }
    with pytest.raises(FileExistsError):
        ModelPT.extract_state_dict_from(str(path) + "x")


def test_state_dict_is_split_by_module(archive, tmp_path):
    path, model = archive
    ModelPT.extract_state_dict_from(str(path), str(tmp_path / "parts"), split_by_module=True)
    assert sorted(file.name for file in (tmp_path / "parts").iterdir()) == ["decoder.ckpt", "encoder.ckpt"]
    encoder = torch.load(tmp_path / "parts" / "encoder.ckpt", weights_only=True)
    assert torch.equal(encoder["weight"], model.encoder.weight)


def test_failed_save_leaves_the_old_archive(archive, monkeypatch):
    path, _ = archive
    model = TinyModel(tiny_config())
    before = path.read_bytes()
    monkeypatch.setattr(
        torch, "save", lambda *args, **kwargs: (_ for _ in ()).throw(OSError("No space left on device"))
    )
    with pytest.raises(OSError, match="No space"):
        model.save_to(str(path))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["tiny.nemo"]


def test_nested_model_comes_back_with_its_files(tmp_path):
    (tmp_path / "a.txt").write_text("inner words")

    outer = NestingModel(tiny_config(inner=tiny_config(vocabulary_file=str(tmp_path / "a.txt"), width=2)))
    assert [path for path, _, _ in outer.named_nemo_modules()] == ["", "inner"]
    outer.save_to(str(tmp_path / "outer.nemo"))
    (tmp_path / "a.txt").unlink()
    restored = NestingModel.restore_from(str(tmp_path / "outer.nemo"))
    assert restored.inner.words == ["inner", "words"]
    assert torch.equal(restored.inner.encoder.weight, outer.inner.encoder.weight)
    assert restored.cfg.inner.target == "tests.core.tiny.TinyModel"


class NestingModel(TinyModel):
    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        self.register_nemo_submodule("inner", "inner", TinyModel(self.cfg.inner))
