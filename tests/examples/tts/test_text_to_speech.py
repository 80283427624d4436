"""The script that speaks: a text, the lines of a file, the texts of a manifest."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
import soundfile

from tests.collections.tts.inference.models import FRAMES, fastpitch, hifigan

SCRIPT = Path(__file__).parents[3] / "examples" / "tts" / "text_to_speech.py"


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    fastpitch(n_speakers=2).save_to(str(folder / "f.nemo"))
    hifigan().save_to(str(folder / "h.nemo"))
    return [f"model_path={folder}/f.nemo", f"vocoder_path={folder}/h.nemo"]


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def script(*arguments):
        spec = importlib.util.spec_from_file_location("text_to_speech", SCRIPT)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "text_to_speech", module)
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *arguments])
        spec.loader.exec_module(module)
        module.main()

    return script


def test_a_text(archives, run, capsys):
    run(*archives, "text='Hello, you.'", "speaker=1", "output=out.wav")
    assert capsys.readouterr().out == f"out.wav: {13 * FRAMES * 128 / 8000:.2f} s, 8000 Hz\n"
    assert soundfile.info("out.wav").frames == 13 * FRAMES * 128


def test_a_manifest_keeps_its_lines_and_what_fails_is_named(archives, run, tmp_path, capsys):
    rows = [
        {"text": "Nr 5", "normalized_text": "number five", "speaker": 1, "emotion": "calm"},
        {"text": "日本"},
        {"text": "yes"},
        {"text": "yes", "speaker": 7},
    ]
    (tmp_path / "m.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(SystemExit):
        run(*archives, "manifest=m.json", "output_dir=out", "speaker=0")
    printed = capsys.readouterr()
    assert "out: 2 files" in printed.out
    done = [json.loads(line) for line in (tmp_path / "out" / "manifest.json").read_text(encoding="utf-8").splitlines()]
    assert done[0] == {**rows[0], "audio_filepath": "1.wav", "duration": 13 * FRAMES * 128 / 8000}
    assert done[1]["audio_filepath"] == "3.wav"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"1.wav", "3.wav", "manifest.json"}
    assert "m.json line 2: The text '日本' has nothing that can be spoken" in printed.err
    assert "m.json line 4: speaker is 7, and the model has 2 voices" in printed.err


def test_lines_of_a_file(archives, run, tmp_path):
    (tmp_path / "t.txt").write_text("one\n\ntwo three\n", encoding="utf-8")
    run(archives[0], "text_file=t.txt", "speaker=0", "pace=2")
    rows = [json.loads(line) for line in (tmp_path / "speech" / "manifest.json").read_text().splitlines()]
    assert [row["text"] for row in rows] == ["one", "two three"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["text=a"], "model_path=FILE.nemo and pretrained_name"),
        (["model_path=f.nemo"], "Give one of text=TEXT, text_file=FILE and manifest=FILE"),
        (["model_path=f.nemo", "text=a", "vocoder_path=h.nemo", "pretrained_vocoder=h"], "vocoder_path=FILE.nemo and"),
    ],
)
def test_what_is_missing_is_named(arguments, message, run, capsys):
    with pytest.raises(SystemExit):
        run(*arguments)
    assert message in capsys.readouterr().err


def test_a_manifest_line_without_text_is_named(archives, run, tmp_path, capsys):
    (tmp_path / "m.json").write_text('{"text": "a"}\n{"duration": 1.0}\n', encoding="utf-8")
    with pytest.raises(SystemExit):
        run(*archives, "manifest=m.json")
    assert 'm.json line 2 has no "text"' in capsys.readouterr().err
