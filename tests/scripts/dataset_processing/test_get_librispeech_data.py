"""LibriSpeech from a local server."""

import hashlib
import tarfile

import numpy as np
import pytest
import soundfile

from nemo.collections.common.data.manifest import read_manifest
from nemo.utils.exceptions import ConfigError
from tests.scripts.running import load_script, served

script = load_script("dataset_processing/get_librispeech_data.py")


@pytest.fixture
def web(tmp_path):
    """The resources 12 and 31 with two recordings a set."""
    for resource, dashed in ((12, "dev-clean"), (31, "dev-clean-2"), (31, "train-clean-5")):
        chapter = tmp_path / dashed / "LibriSpeech" / dashed / "84" / "121123"
        chapter.mkdir(parents=True)
        lines = []
        for number in range(2):
            name = f"84-121123-000{number}"
            samples = np.random.default_rng(number).standard_normal(1600 * (number + 1)) * 0.1
            soundfile.write(chapter / f"{name}.flac", samples, 16000)
            lines.append(f"{name} GO DO YOU HEAR {number * 'TWICE'}")
        (chapter / "84-121123.trans.txt").write_text("\n".join(lines) + "\n")
        folder = tmp_path / "web" / str(resource)
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / f"{dashed}.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(tmp_path / dashed / "LibriSpeech", "LibriSpeech")
        with open(folder / "md5sum.txt", "a") as file:
            file.write(f"{hashlib.md5(archive.read_bytes()).hexdigest()}  {archive.name}\n")
    return tmp_path / "web"


def test_manifests_of_the_sets_asked_for(web, tmp_path, capsys):
    root = tmp_path / "data"
    with served(web) as address:
        assert script.main([f"--data_root={root}", "--data_sets=mini,dev_clean", f"--url={address}", "--log"]) == 0
    for name in ("dev_clean_2", "train_clean_5", "dev_clean"):
        entries = read_manifest(root / f"{name}.json")
        assert [entry.text for entry in entries] == ["go do you hear", "go do you hear twice"]
        assert [entry.duration for entry in entries] == [0.1, 0.2]
        assert (root / "LibriSpeech" / name.replace("_", "-")).is_dir()
        assert soundfile.info(entries[1].audio_file).frames == 3200
    assert script.main([f"--data_root={root}", "--data_sets=dev_clean", "--url=http://127.0.0.1:9"]) == 0


def test_a_wrong_checksum_and_a_missing_file_are_named(web, tmp_path, capsys):
    (web / "31/md5sum.txt").write_text("0" * 32 + "  dev-clean-2.tar.gz\n")
    (web / "12/dev-clean.tar.gz").unlink()
    (web / "12/md5sum.txt").unlink()
    with served(web) as address:
        for name, said in (("dev_clean_2", "md5 checksum"), ("dev_clean", "404")):
            assert script.main([f"--data_root={tmp_path / 'data'}", f"--data_sets={name}", f"--url={address}"]) == 1
            assert said in capsys.readouterr().err


def test_names_of_sets():
    assert script.chosen("mini") == ["dev_clean_2", "train_clean_5"]
    assert len(script.chosen("ALL,dev-clean")) == 7
    with pytest.raises(ConfigError, match="'dev_dirty'"):
        script.chosen("dev_dirty")
