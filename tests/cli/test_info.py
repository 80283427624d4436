import io
import json
import tarfile

import pytest

from nemo.cli.main import main

CONFIG = b"""\
target: nemo.collections.asr.models.ctc_models.EncDecCTCModel
nemo_version: 1.23.0
sample_rate: 16000
preprocessor: {_target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor, features: 64}
encoder: {_target_: does.not.exist.Encoder}
decoder: {_target_: nemo.collections.asr.modules.ConvASRDecoder, vocabulary: [a, b, c]}
"""


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "model.nemo"
    with tarfile.open(path, "w") as file:
        for name, content in {"model_config.yaml": CONFIG, "model_weights.ckpt": b"not weights"}.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return path


def test_info_needs_no_weights_and_imports_no_class(archive, capsys):
    assert main(["info", str(archive)]) == 0
    rows = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert rows["class"] == "nemo.collections.asr.models.ctc_models.EncDecCTCModel"
    assert rows["encoder"] == "Encoder"
    assert rows["tokens"] == "3"
    assert rows["model_weights.ckpt"] == "11 bytes"


def test_info_as_json(archive, capsys):
    assert main(["info", str(archive), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["sample_rate"] == 16000
    assert summary["parts"]["preprocessor"] == "AudioToMelSpectrogramPreprocessor"
    assert summary["members"] == {"model_config.yaml": len(CONFIG), "model_weights.ckpt": 11}


def test_config_is_printed_whole(archive, capsys):
    assert main(["info", str(archive), "--config"]) == 0
    assert "features: 64" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"", b"<html>not found</html>"])
def test_what_is_no_archive_is_one_line_naming_the_file(tmp_path, capsys, content):
    path = tmp_path / "broken.nemo"
    if content is not None:
        path.write_bytes(content)
    assert main(["info", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "broken.nemo" in captured.err
    assert "Traceback" not in captured.err
