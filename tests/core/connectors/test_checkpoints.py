import pytest
import pytorch_lightning as pl
import torch

from nemo.utils.exceptions import ArchiveError
from tests.core.tiny import TinyModel, tiny_config


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint of a trained TinyModel whose vocabulary file is gone."""
    (tmp_path / "words.txt").write_text("one two three")
    config = tiny_config(vocabulary_file=str(tmp_path / "words.txt"), train_ds={"seed": 1})
    trainer = pl.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    model = TinyModel(config, trainer)
    trainer.fit(model)
    trainer.save_checkpoint(tmp_path / "tiny.ckpt")
    (tmp_path / "words.txt").unlink()
    return tmp_path / "tiny.ckpt", model


def test_checkpoint_loads_with_weights_only(checkpoint):
    path, _ = checkpoint
    content = torch.load(path, weights_only=True)
    assert content["hyper_parameters"]["cfg"]["width"] == 3


def test_model_comes_back_with_its_files(checkpoint):
    path, model = checkpoint
    loaded = TinyModel.load_from_checkpoint(str(path))
    assert torch.equal(loaded.encoder.weight, model.encoder.weight)
    assert loaded.words == ["one", "two", "three"]


def test_config_may_be_given(checkpoint):
    path, model = checkpoint
    loaded = TinyModel.load_from_checkpoint(str(path), cfg=tiny_config(note="mine"))
    assert loaded.cfg.note == "mine"
    assert torch.equal(loaded.encoder.weight, model.encoder.weight)


def test_file_without_state_dict_is_refused(tmp_path):
    torch.save({"a": 1}, tmp_path / "no.ckpt")
    with pytest.raises(ArchiveError, match="no.ckpt.*state_dict"):
        TinyModel.load_from_checkpoint(str(tmp_path / "no.ckpt"))


def test_target_in_a_checkpoint_is_refused(checkpoint):
    path, _ = checkpoint
    content = torch.load(path, weights_only=True)
    content["hyper_parameters"]["cfg"]["evil"] = {"_target_": "os.system", "command": "true"}
    torch.save(content, path)
    with pytest.raises(ArchiveError, match="os.system"):
        TinyModel.load_from_checkpoint(str(path))
