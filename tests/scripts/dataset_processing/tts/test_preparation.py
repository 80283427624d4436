"""Scripts that prepare data of synthesis models."""

import io
import json
import tarfile

import numpy as np
import pytest
import soundfile
from omegaconf import OmegaConf

from nemo.collections.common.data.manifest import read_manifest, read_manifest_objects
from tests.collections.tts.data.voices import SAMPLE_RATE, write_voice
from tests.conftest import REPOSITORY
from tests.scripts.running import load_script, served

FOLDER = "dataset_processing/tts"


def wav(samples=800):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(samples), 8000, format="WAV")
    return buffer.getvalue()


def test_ljspeech_is_had_and_split(tmp_path, capsys):
    script = load_script(f"{FOLDER}/ljspeech/get_data.py")
    (tmp_path / "web").mkdir()
    rows = "".join(f'LJ-{number}|Mr. {number} "said|Mister {number} "said\n' for number in range(6))
    with tarfile.open(tmp_path / "web" / "lj.tar.bz2", "w:bz2") as tar:
        files = {"metadata.csv": rows.encode()} | {f"wavs/LJ-{number}.wav": wav() for number in range(6)}
        for name, content in files.items():
            member = tarfile.TarInfo(f"LJSpeech-1.1/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    options = [f"--data-root={tmp_path / 'data'}", "--val-size=1", "--test-size=2"]
    with served(tmp_path / "web") as address:
        assert script.main([*options, f"--url={address}/lj.tar.bz2"]) == 0
    assert "train_manifest.json: 3 recordings" in capsys.readouterr().out
    parts = {
        part: read_manifest(tmp_path / "data" / "LJSpeech-1.1" / f"{part}_manifest.json")
        for part in ("train", "val", "test")
    }
    texts = sorted(entry.text for part in parts.values() for entry in part)
    assert texts == [f'Mr. {number} "said' for number in range(6)]
    assert parts["val"][0].normalized_text.startswith("Mister")
    assert parts["val"][0].duration == 0.1
    assert script.main([f"--data-root={tmp_path / 'data'}"]) == 1
    assert "has 6 recordings, and 100 are to be for validation" in capsys.readouterr().err


def test_pitch_of_each_voice_is_written(tmp_path, capsys):
    script = load_script(f"{FOLDER}/compute_speaker_stats.py")
    manifest = write_voice(tmp_path, ["aaa", "bbb", "aaa"], speaker=["ann", "bob", "ann"])
    output, features = tmp_path / "stats.json", tmp_path / "features"
    sizes = [f"--sample_rate={SAMPLE_RATE}", "--win_length=256", "--hop_length=64", "--pitch_fmax=600"]
    assert (
        script.main(
            [f"--manifest_path={manifest}", f"--pitch_stats_path={output}", f"--sup_data_path={features}", *sizes]
        )
        == 0
    )
    found = json.loads(output.read_text())
    assert found["ann"]["pitch_mean"] == pytest.approx(150, rel=0.01)
    assert found["bob"]["pitch_mean"] == pytest.approx(200, rel=0.01)
    assert found["default"]["pitch_std"] == pytest.approx(50 * (2 / 9) ** 0.5, rel=0.03)
    assert len(list(features.rglob("*.npz"))) == 3
    assert script.main([f"--manifest_path={tmp_path / 'absent.json'}", f"--pitch_stats_path={output}"]) == 1
    assert "absent.json does not exist" in capsys.readouterr().err


def test_features_and_pitch_are_computed_beforehand(tmp_path):
    script = load_script(f"{FOLDER}/extract_sup_data.py")
    config = OmegaConf.load(REPOSITORY / "scripts" / FOLDER / "ljspeech/ds_conf/ds_for_fastpitch_align.yaml")
    config.manifest_filepath, config.sup_data_path = write_voice(tmp_path, ["aaa", "bbb"]), str(tmp_path / "features")
    config.pitch_stats_path = str(tmp_path / "pitch.json")
    config.dataset.update(sample_rate=SAMPLE_RATE, n_fft=256, win_length=256, hop_length=64, pitch_fmax=600.0)
    of_all = script.extract(config).result()["default"]
    assert of_all["pitch_mean"] == pytest.approx(175, rel=0.02)
    assert json.loads((tmp_path / "pitch.json").read_text())["default"] == of_all
    assert len(list((tmp_path / "features" / "pitch").iterdir())) == 2


def test_means_and_deviations_of_features_are_written(tmp_path, capsys):
    script = load_script(f"{FOLDER}/compute_feature_stats.py")
    sizes = {"sample_rate": SAMPLE_RATE, "win_length": 256, "hop_length": 64}
    config = {
        "featurizers": {
            "pitch": {"_target_": "nemo.collections.tts.parts.preprocessing.features.PitchFeaturizer", **sizes}
        }
    }
    OmegaConf.save(OmegaConf.create(config), tmp_path / "features.yaml")
    manifest = write_voice(tmp_path, ["aaa", "bbb"], speaker=["ann", "bob"])
    options = [
        f"--feature_config_path={tmp_path / 'features.yaml'}",
        f"--manifest_path={manifest}",
        f"--audio_dir={tmp_path}",
        f"--feature_dir={tmp_path / 'features'}",
        f"--stats_path={tmp_path / 'stats.json'}",
    ]
    assert script.main([*options, "--feature_names=pitch"]) == 0
    assert json.loads((tmp_path / "stats.json").read_text())["bob"]["pitch_mean"] == pytest.approx(200, rel=0.01)
    assert script.main(options) == 1
    assert "has no featurizer of energy" in capsys.readouterr().err


def test_texts_are_normalised(tmp_path, capsys):
    script = load_script(f"{FOLDER}/preprocess_text.py")
    manifest, output = write_voice(tmp_path, ["ab", "bc"]), tmp_path / "out.json"
    lines = [{**line, "text": "Dr. Lee has 2 cats"} for line in read_manifest_objects(manifest)]
    (tmp_path / "in.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = [f"--input_manifest={tmp_path / 'in.json'}", f"--output_manifest={output}", "--lower_case"]
    assert script.main(options) == 0
    assert read_manifest_objects(output)[0]["normalized_text"] == "doctor lee has two cats"
    assert script.main(options) == 1
    assert "is there already" in capsys.readouterr().err


def test_recordings_are_trimmed_resampled_levelled_and_chosen(tmp_path, capsys):
    script = load_script(f"{FOLDER}/preprocess_audio.py")
    manifest = write_voice(tmp_path)
    trimmer = {"_target_": "nemo.collections.tts.parts.preprocessing.audio_trimming.EnergyAudioTrimmer"}
    trimmer |= {"trim_win_length": 128, "trim_hop_length": 64, "pad_seconds": 0.0}
    OmegaConf.save(OmegaConf.create(trimmer), tmp_path / "trim.yaml")
    options = [
        f"--input_manifest={manifest}",
        f"--output_manifest={tmp_path / 'new.json'}",
        f"--output_audio_dir={tmp_path / 'processed'}",
        f"--trim_config_path={tmp_path / 'trim.yaml'}",
        "--output_sample_rate=16000",
        "--volume_level=0.5",
        "--min_duration=0.4",
    ]
    assert script.main(options) == 0
    [entry] = read_manifest(tmp_path / "new.json")
    samples, rate = soundfile.read(entry.audio_file)
    assert rate == 16000
    assert entry.duration == pytest.approx(0.48, abs=0.02) == len(samples) / rate
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.01)
    assert script.main([*options, "--volume_level=2"]) == 1
    assert "--volume_level is 2.0" in capsys.readouterr().err
