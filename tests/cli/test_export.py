"""``nemo export``: files, and clear words where a model has none."""

import pytest
from torch import nn

from nemo.cli import export
from nemo.cli.main import main
from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.utils.exceptions import ExportError
from tests.collections.tts.inference.models import hifigan, tacotron2
from tests.scripts.running import load_script


def test_a_vocoder_becomes_a_file_that_was_compared(tmp_path, capsys):
    path = str(tmp_path / "vocoder.nemo")
    hifigan().save_to(path)
    out = tmp_path / "vocoder.onnx"
    assert main(["export", path, str(out), "--runtime-check", "--max-dim", "5"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(out)
    assert out.is_file()
    assert main(["export", path, str(tmp_path / "folder")]) == 1
    assert "HifiGanModel has no vocabulary" in capsys.readouterr().err


def test_a_model_without_an_export_is_named_with_what_to_do(tmp_path, capsys):
    path = str(tmp_path / "speaker.nemo")
    tacotron2().save_to(path)
    assert main(["export", path, str(tmp_path / "out.onnx")]) == 1
    message = capsys.readouterr().err
    assert f"nemo export: {path} is a Tacotron2Model, which has no export." in message
    assert "Expected a model of a class that docs/export.md lists" in message
    with pytest.raises(ExportError, match="Tacotron2Model, which has no export"):
        load_script("export.py").main([path, str(tmp_path / "out.onnx")])
    assert not (tmp_path / "out.onnx").exists()


def test_parts_that_can_be_exported_are_named(tmp_path):
    model = nn.Module()
    model.head, model.other = TokenClassifier(hidden_size=4, num_classes=2), nn.Linear(2, 2)
    with pytest.raises(ExportError, match=r"from Python, model\.head\.export\(FILE\): head\.$"):
        export._check_exportable(model, tmp_path / "m.nemo")
