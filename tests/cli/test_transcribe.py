import json

import pytest
import torch

from nemo.cli import transcribe
from nemo.cli.main import main
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference.segment_files import FORMATS, read_segments
from nemo.collections.asr.models import EncDecCTCModel
from tests.collections.asr.models import tiny

TIMES = {
    "word": [{"word": "hello", "start": 0.1, "end": 0.5}, {"word": "you", "start": 0.5, "end": 0.75}],
    "segment": [{"segment": "hello you", "start": 0.1, "end": 0.75}],
}


class FakeModel:
    """Hears the same in every recording, and remembers how it was asked."""

    def __init__(self):
        self.asked, self.attention = [], None

    def transcribe(self, audio, **asked):
        self.asked.append({"audio": audio, **asked})
        return [self._hypothesis(path, asked["timestamps"]) for path in audio]

    def change_attention_model(self, *attention):
        self.attention = attention

    def _hypothesis(self, path, timestamps):
        hypothesis = Hypothesis(score=0.0, y_sequence=[], text="hello you", timestep=TIMES if timestamps else [])
        hypothesis.duration = 1.5
        hypothesis.error = f"AudioFileError: {path} is empty" if "bad" in path else None
        return hypothesis


@pytest.fixture(autouse=True)
def model(monkeypatch):
    fake = FakeModel()
    monkeypatch.setattr(transcribe, "load_model", lambda name, device: fake)
    return fake


def command(*arguments):
    return main(["transcribe", "--model", "m.nemo", *arguments])


def test_one_line_for_each_recording(capsys):
    assert command("a.wav", "b.wav") == 0
    assert capsys.readouterr().out == "a.wav\thello you\nb.wav\thello you\n"


def test_json_lines_are_a_manifest(capsys):
    assert command("--json", "a.wav") == 0
    assert json.loads(capsys.readouterr().out) == {"audio_filepath": "a.wav", "duration": 1.5, "pred_text": "hello you"}
    assert command("--format", "json", "--timestamps", "a.wav") == 0
    row = json.loads(capsys.readouterr().out)
    assert row["timestamp"]["word"] == TIMES["word"]
    assert row["pred_text"] == "hello you"


def test_words_with_times(capsys):
    assert command("--timestamps", "a.wav") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["0.10", "0.50", "hello"]


@pytest.mark.parametrize("name", transcribe.FORMATS)
def test_every_format_goes_to_a_folder_of_files(name, tmp_path, model):
    assert command("--format", name, "--output-dir", str(tmp_path / "out"), "x/a.wav", "b.mp3") == 0
    names = {f"a{FORMATS[name].suffix}", f"b{FORMATS[name].suffix}"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    if name not in ("txt", "json"):
        assert model.asked[0]["timestamps"] is True
        (segment,) = read_segments(tmp_path / "out" / f"b{FORMATS[name].suffix}")
        assert (segment.start, segment.end) == (0.1, 0.75)


def test_the_formats_are_those_of_segment_files():
    assert set(transcribe.FORMATS) == set(FORMATS)


def test_one_recording_as_subtitles_goes_to_standard_output_and_several_need_a_folder(capsys):
    assert command("--format", "srt", "a.wav") == 0
    assert capsys.readouterr().out == "1\n00:00:00,100 --> 00:00:00,750\nhello you\n\n"
    assert command("--format", "srt", "a.wav", "b.wav") == 1
    assert "--output-dir" in capsys.readouterr().err
    assert command("--format", "ctm", "a.wav", "b.wav") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["a", "a", "b", "b"]


def test_recordings_of_the_same_name_are_refused_before_the_work(capsys, tmp_path, model):
    assert command("--format", "srt", "--output-dir", str(tmp_path / "out"), "x/a.wav", "y/a.wav") == 1
    assert "several recordings would be written to" in capsys.readouterr().err
    assert not model.asked


def test_what_is_done_is_written_though_the_rest_fails(tmp_path, model, monkeypatch):
    monkeypatch.setattr(transcribe, "GROUP_BATCHES", 1)
    hear = model.transcribe

    def fails_later(audio, **asked):
        if len(model.asked) == 1:
            raise KeyboardInterrupt
        return hear(audio, **asked)

    model.transcribe = fails_later
    with pytest.raises(KeyboardInterrupt):
        command("--batch-size", "2", "--output-dir", str(tmp_path), "a.wav", "b.wav", "c.wav")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def test_options_reach_the_model(model):
    command("--channel", "1", "--max-seconds", "30", "--local-attention", "64", "a.wav")
    assert model.asked[0]["channel_selector"] == 1
    assert model.asked[0]["max_seconds"] == 30.0
    assert model.attention == ("rel_pos_local_attn", [64, 64])
    command("--channel", "average", "a.wav")
    assert model.asked[1]["channel_selector"] == "average"


def test_bad_recording_gives_status_1_and_the_others_are_printed(capsys):
    assert command("bad.wav", "a.wav") == 1
    assert capsys.readouterr().out == "a.wav\thello you\n"


def test_missing_model_is_named(capsys, monkeypatch):
    monkeypatch.undo()
    assert main(["transcribe", "--model", "missing.nemo", "a.wav"]) == 1
    assert "missing.nemo" in capsys.readouterr().err


def test_a_model_writes_subtitles_of_its_words(tmp_path, monkeypatch, capsys):
    monkeypatch.undo()
    torch.manual_seed(0)
    made = EncDecCTCModel(cfg=tiny.config(nemo_version="3.0.0"))
    made.save_to(tmp_path / "m.nemo")
    paths, _ = tiny.recordings(tmp_path)
    folder = str(tmp_path / "out")
    assert (
        main(["transcribe", "--model", str(tmp_path / "m.nemo"), "--format", "ctm", "--output-dir", folder, *paths])
        == 0
    )
    for path, hypothesis in zip(paths, made.transcribe(paths, timestamps=True, verbose=False), strict=True):
        segments = read_segments(f"{folder}/{path.split('/')[-1][:-4]}.ctm") if hypothesis.words else []
        words = [word for segment in segments for word in segment.words]
        assert [word.text for word in words] == hypothesis.words
        assert [word.start for word in words] == [entry["start"] for entry in hypothesis.timestamp["word"]]
