import json

import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.inference.segment_files import read_segments
from nemo.collections.asr.models import EncDecCTCModel
from tests.collections.asr.models import tiny
from tests.scripts.running import load_script

script = load_script("speech_recognition/forced_align.py")


def config(**given):
    return OmegaConf.merge(OmegaConf.structured(script.AlignmentConfig), given)


def test_a_manifest_is_aligned_into_files(tmp_path):
    torch.manual_seed(0)
    model = tmp_path / "m.nemo"
    EncDecCTCModel(cfg=tiny.config(nemo_version="3.0.0")).save_to(model)
    _, manifest = tiny.recordings(tmp_path)
    with open(manifest, "a") as file:
        file.write(json.dumps({"audio_filepath": "missing.wav", "duration": 1.0, "text": "a"}) + "\n")
    formats = ["ctm", "textgrid", "srt", "json"]
    cfg = config(
        model_path=str(model), manifest_filepath=manifest, output_dir=str(tmp_path / "out"), batch_size=2,
        save_output_file_formats=formats,
    )  # fmt: skip
    script.main(cfg)
    lines = (tmp_path / "out" / "manifest_with_output_file_paths.json").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert "missing.wav" in rows[3]["error"]
    for row in rows[:3]:
        for kind in formats:
            segments = read_segments(row[f"{kind}_filepath"])
            assert " ".join(segment.text for segment in segments) == row["text"]
            assert segments[-1].end <= row["duration"] + 1e-3
    ctm, row = read_segments(rows[0]["ctm_filepath"])[0], read_segments(rows[0]["json_filepath"])[0]
    assert [(word.text, word.start, word.end) for word in ctm.words] == [(w.text, w.start, w.end) for w in row.words]


def test_names_are_parts_of_paths_and_each_only_once():
    paths = ["/a/x/one two.wav", "/b/x/one two.wav", "/b/y/three.flac"]
    assert script.names_of(paths, 1) == ["one-two", "one-two_2", "three"]
    assert script.names_of(paths, 2) == ["x_one-two", "x_one-two_2", "y_three"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Give one of model_path"),
        ({"model_path": "m"}, "manifest_filepath is missing"),
        ({"model_path": "m", "manifest_filepath": "t", "output_dir": "o", "save_output_file_formats": ["doc"]}, "doc"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_read(given, words):
    with pytest.raises(ValueError, match=words):
        script.check(config(**given))
