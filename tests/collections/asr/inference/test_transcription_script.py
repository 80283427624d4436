import json
from dataclasses import dataclass
from typing import Any

import pytest
import soundfile
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.inference.transcription_script import (
    compute_output_filename,
    prepare_audio_data,
    transcribe_partial_audio,
    write_transcription,
)
from nemo.collections.asr.models.ctc import EncDecCTCModel
from nemo.collections.asr.models.hybrid_rnnt_ctc import EncDecHybridRNNTCTCModel
from nemo.collections.asr.models.script_model import setup_model
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_rnnt


def model_of(seed=0):
    torch.manual_seed(seed)
    return EncDecCTCModel(OmegaConf.create(tiny.config()))


@dataclass
class Config:
    model_path: str | None = None
    pretrained_name: str | None = None
    audio_dir: str | None = None
    dataset_manifest: str | None = None
    output_filename: Any = None


def test_a_script_from_model_to_file(tmp_path):
    paths, manifest = tiny.recordings(tmp_path)
    model_of().save_to(str(tmp_path / "tiny.nemo"))
    cfg = OmegaConf.create({"model_path": str(tmp_path / "tiny.nemo"), "dataset_manifest": manifest})
    model, name = setup_model(cfg, "cpu")
    assert (name, model.training) == ("tiny", False)
    files, is_partial = prepare_audio_data(cfg)
    assert (files, is_partial) == (paths, False)
    assert compute_output_filename(cfg, name).output_filename == manifest.replace(".json", "_tiny.json")
    hypotheses = model.transcribe(files, timestamps=True)
    written, key = write_transcription(hypotheses, cfg, name, files, compute_timestamps=True)
    with open(written) as file:
        rows = [json.loads(line) for line in file]
    assert [row[key] for row in rows] == [str(hypothesis) for hypothesis in hypotheses]
    assert [row["text"] for row in rows] == ["a b", "b c a", "c"]
    assert rows[0]["timestamps_word"] == hypotheses[0].timestep["word"]


def test_a_folder_of_recordings(tmp_path):
    paths, _ = tiny.recordings(tmp_path)
    cfg = Config(audio_dir=str(tmp_path) + "/")
    assert prepare_audio_data(cfg) == (paths, False)
    assert compute_output_filename(cfg, "x").output_filename == str(tmp_path) + ".json"
    own = OmegaConf.create(
        {"audio_dir": str(tmp_path), "output_filename": str(tmp_path / "o.json"), "append_pred": True}
    )
    _, key = write_transcription([["best", "second"], "b", "c"], own, "tiny", paths)
    assert key == "pred_text_tiny"
    first = json.loads((tmp_path / "o.json").read_text().splitlines()[0])
    assert first == {"audio_filepath": paths[0], "pred_text_tiny": "best"}


def test_parts_of_recordings(tmp_path):
    paths, _ = tiny.recordings(tmp_path)
    manifest = tmp_path / "parts.json"
    manifest.write_text(json.dumps({"audio_filepath": paths[1], "offset": 0.25, "duration": 0.5, "text": ""}) + "\n")
    cfg = {"dataset_manifest": str(manifest), "allow_partial_transcribe": True}
    assert prepare_audio_data(cfg) == ([paths[1]], True)
    model = model_of()
    cut = soundfile.read(paths[1], start=4000, frames=8000, dtype="float32")[0]
    (found,) = transcribe_partial_audio(model, str(manifest), logprobs=True)
    (expected,) = model.transcribe([cut], logprobs=True)
    assert found.shape == expected.shape
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_hybrid_uses_the_decoder_that_is_named(tmp_path):
    torch.manual_seed(0)
    model = EncDecHybridRNNTCTCModel(OmegaConf.create(tiny_rnnt.hybrid()))
    _, manifest = tiny.recordings(tmp_path)
    transcribe_partial_audio(model, manifest, decoder_type="ctc")
    assert model.cur_decoder == "ctc"
    transcribe_partial_audio(model, manifest, decoder_type="rnnt")
    assert model.cur_decoder == "rnnt"


def test_what_is_missing_is_told(tmp_path):
    with pytest.raises(ConfigError, match="model_path is None and pretrained_name None"):
        setup_model(Config(), "cpu")
    with pytest.raises(ConfigError, match="neither audio_dir nor dataset_manifest"):
        prepare_audio_data(Config())
    with pytest.raises(ConfigError, match="holds no recording"):
        prepare_audio_data(Config(audio_dir=str(tmp_path)))
    with pytest.raises(ConfigError, match="1 transcripts and 0 recordings"):
        write_transcription(["a"], Config(output_filename="x"), "m", [])
