"""The scripts of examples/asr run as their docstrings say."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.models import ASRModel, EncDecCTCModel
from tests.collections.asr.models import tiny

EXAMPLES = Path(__file__).parents[3] / "examples" / "asr"
SCRIPTS = [
    "asr_ctc/speech_to_text_ctc.py",
    "asr_ctc/speech_to_text_ctc_bpe.py",
    "asr_hybrid_transducer_ctc/speech_to_text_hybrid_rnnt_ctc.py",
    "asr_hybrid_transducer_ctc/speech_to_text_hybrid_rnnt_ctc_bpe.py",
    "asr_transducer/speech_to_text_rnnt.py",
    "asr_transducer/speech_to_text_rnnt_bpe.py",
    "speech_classification/speech_to_frame_label.py",
    "speech_classification/speech_to_label.py",
    "speech_multitask/speech_to_text_aed.py",
    "speech_to_text.py",
    "speech_to_text_eval.py",
    "speech_to_text_finetune.py",
    "transcribe_speech.py",
]
TOY_ENCODER = "[{filters: 16, repeat: 1, kernel: [3], stride: [2], dilation: [1], dropout: 0.0, residual: false}]"


def load(name, monkeypatch):
    """The script as a module, with its own folder first on the path, as Python does for a script."""
    path = EXAMPLES / name
    monkeypatch.syspath_prepend(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, path.stem, module)
    spec.loader.exec_module(module)
    return module


def run(name, arguments, monkeypatch):
    module = load(name, monkeypatch)
    monkeypatch.setattr(sys, "argv", [str(EXAMPLES / name), *arguments])
    return module.main()


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "toy.nemo"
    EncDecCTCModel(cfg=tiny.config()).save_to(str(path))
    return str(path)


def training_arguments(manifest, folder):
    return [
        f"model.train_ds.manifest_filepath={manifest}",
        f"model.validation_ds.manifest_filepath={manifest}",
        f"model.test_ds.manifest_filepath={manifest}",
        "model.train_ds.num_workers=0",
        "model.validation_ds.num_workers=0",
        "model.test_ds.num_workers=0",
        f"model.encoder.jasper={TOY_ENCODER}",
        "model.decoder.feat_in=16",
        "trainer.max_epochs=1",
        "trainer.accelerator=cpu",
        "trainer.log_every_n_steps=1",
        "+trainer.enable_progress_bar=false",
        f"exp_manager.exp_dir={folder}",
    ]


def test_training_writes_an_archive_that_transcribes(tmp_path, monkeypatch):
    paths, manifest = tiny.recordings(tmp_path)
    arguments = training_arguments(manifest, tmp_path / "runs")
    run("asr_ctc/speech_to_text_ctc.py", ["--config-name=quartznet_5x5", *arguments], monkeypatch)
    (archive,) = (tmp_path / "runs").rglob("*.nemo")
    model = ASRModel.restore_from(str(archive))
    assert type(model) is EncDecCTCModel
    assert len(model.transcribe(paths, verbose=False)) == 3


def test_the_command_of_release_1_runs_as_written(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    command = [
        sys.executable,
        str(EXAMPLES / "speech_to_text.py"),
        "--config-path=conf",
        "--config-name=quartznet_15x5",
        "+trainer.fast_dev_run=true",
        *training_arguments(manifest, tmp_path / "runs"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parents[1]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert not (tmp_path / "runs").exists()  # a fast_dev_run leaves nothing


def test_transcribing_a_manifest_keeps_its_lines_and_measures(archive, tmp_path, monkeypatch, capsys):
    _, manifest = tiny.recordings(tmp_path)
    output = tmp_path / "out.json"
    arguments = [f"model_path={archive}", f"dataset_manifest={manifest}", f"output_filename={output}", "batch_size=2"]
    run("transcribe_speech.py", [*arguments, "compute_timestamps=true", "cuda=-1"], monkeypatch)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["text"] for row in rows] == ["a b", "b c a", "c"]
    model = ASRModel.restore_from(archive)
    assert [row["pred_text"] for row in rows] == model.transcribe(manifest, batch_size=2, verbose=False)
    assert [word["word"] for word in rows[0]["timestamps_word"]] == rows[0]["pred_text"].split()
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["metric"] == "wer"


def test_transcribing_a_folder_writes_beside_it(archive, tmp_path, monkeypatch):
    folder = tmp_path / "recordings"
    folder.mkdir()
    paths, _ = tiny.recordings(folder)
    script = load("transcribe_speech.py", monkeypatch)
    cfg = OmegaConf.structured(script.TranscriptionConfig(model_path=archive, audio_dir=str(folder), cuda=-1))
    script.main(cfg)
    rows = [json.loads(line) for line in (tmp_path / "recordings_toy.json").read_text().splitlines()]
    assert [row["audio_filepath"] for row in rows] == sorted(paths)


def test_a_conformer_gets_local_attention_and_long_recordings_are_cut(tmp_path, monkeypatch):
    encoder = {"_target_": f"{tiny.MODULES}.ConformerEncoder", "feat_in": 16, "n_layers": 1, "d_model": 16}
    decoder = {**tiny.config()["decoder"], "feat_in": 16}
    torch.manual_seed(0)
    EncDecCTCModel(cfg=tiny.config(encoder=encoder, decoder=decoder)).save_to(tmp_path / "conformer.nemo")
    _, manifest = tiny.recordings(tmp_path)
    change = ["self_attention_model=rel_pos_local_attn", "att_context_size=[4,4]"]
    given = [f"model_path={tmp_path / 'conformer.nemo'}", f"dataset_manifest={manifest}", "cuda=-1"]
    given += [f"model_change.conformer.{each}" for each in change]
    written = []
    for name, more in (("whole", []), ("cut", ["max_seconds=0.4", "timestamps=true"])):
        run("transcribe_speech.py", [*given, f"output_filename={tmp_path / name}.json", *more], monkeypatch)
        written.append([json.loads(line) for line in (tmp_path / f"{name}.json").read_text().splitlines()])
    assert all("timestamps_word" in row for row in written[1])
    model = ASRModel.restore_from(str(tmp_path / "conformer.nemo"))
    model.change_attention_model("rel_pos_local_attn", [4, 4])
    assert [row["pred_text"] for row in written[0]] == model.transcribe(manifest, verbose=False)


def test_what_is_missing_is_named(archive, tmp_path, monkeypatch):
    script = load("transcribe_speech.py", monkeypatch)
    with pytest.raises(ValueError, match="model_path=FILE"):
        script.main(OmegaConf.structured(script.TranscriptionConfig(audio_dir=str(tmp_path))))
    with pytest.raises(ValueError, match="dataset_manifest=FILE"):
        script.main(OmegaConf.structured(script.TranscriptionConfig(model_path=archive, output_filename="x", cuda=-1)))


def test_evaluation_measures_transcribes_and_holds_to_a_tolerance(archive, tmp_path, monkeypatch, capsys):
    _, manifest = tiny.recordings(tmp_path)
    output = tmp_path / "out.json"
    given = [f"dataset_manifest={manifest}", f"output_filename={output}", "use_cer=true"]
    run("speech_to_text_eval.py", [f"model_path={archive}", *given, "scores_per_sample=true", "cuda=-1"], monkeypatch)
    measured = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert measured["units"] == len("a b") + len("b c a") + len("c")
    parts = [measured[part] for part in ("insertions", "deletions", "substitutions")]
    assert measured["value"] == pytest.approx(sum(parts))
    assert all("cer" in json.loads(line) for line in output.read_text().splitlines())
    script = load("speech_to_text_eval.py", monkeypatch)
    cfg = OmegaConf.structured(script.EvaluationConfig(dataset_manifest=str(output), only_score_manifest=True))
    assert script.main(cfg) is cfg
    cfg.tolerance = -1.0
    with pytest.raises(ValueError, match="above the tolerance"):
        script.main(cfg)


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_shows_the_examples_of_the_docstring(name, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(name, ["--help"], monkeypatch)
    assert not stopped.value.code
    text = capsys.readouterr().out
    assert f"python {Path(name).name}" in text or f"python examples/asr/{name}" in text
    assert "How to change the configuration" in text
