"""AN4 from a local server, in both kinds of its archive."""

import tarfile

import numpy as np
import pytest
import soundfile

from nemo.collections.common.audio.io import load_audio
from nemo.collections.common.data.manifest import read_manifest
from tests.scripts.running import load_script, served

script = load_script("dataset_processing/process_an4_data.py")
RATE = 16000
LINES = {
    "train": ["<s> RUBOUT G M E F </s> (an251-fash-b)", "<s> YES </s> (an254-fash-b)"],
    "test": ["GO ENTER (cen1-menk-b)"],
}


def sound(seed):
    return (np.random.default_rng(seed).standard_normal(1600) * 3000).astype(np.int16)


def make_archive(folder, kind, name):
    an4 = folder / "an4"
    (an4 / "etc").mkdir(parents=True)
    for part, lines in LINES.items():
        identifiers = []
        for line in lines:
            identifier = line.split("(")[1].rstrip(")")
            identifiers.append(f"an4_clstk/{identifier.split('-')[1]}/{identifier}")
            path = an4 / "wav" / f"{identifiers[-1]}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "raw":
                path.write_bytes(sound(len(identifier)).astype(">i2").tobytes())
            else:
                soundfile.write(path, sound(len(identifier)), RATE, format="NIST", subtype="PCM_16", endian="BIG")
        (an4 / "etc" / f"an4_{part}.fileids").write_text("\n".join(identifiers) + "\n")
        (an4 / "etc" / f"an4_{part}.transcription").write_text("\n".join(lines) + "\n")
    with tarfile.open(folder / name, "w:gz") as tar:
        tar.add(an4, "an4")


@pytest.mark.parametrize("kind", ["sph", "raw"])
def test_manifests_and_audio(tmp_path, capsys, kind):
    make_archive(tmp_path / "web", kind, f"an4_{kind}.tar.gz")
    with served(tmp_path / "web") as address:
        options = [f"--data_root={tmp_path / 'data'}", f"--url={address}/an4_{kind}.tar.gz"]
        assert script.main(options) == 0
    train = read_manifest(tmp_path / "data/an4/train_manifest.json")
    assert [entry.text for entry in train] == ["rubout g m e f", "yes"]
    assert [entry.text for entry in read_manifest(tmp_path / "data/an4/test_manifest.json")] == ["go enter"]
    assert (train[0].duration, train[0].speaker) == (0.1, "fash")
    np.testing.assert_array_equal(load_audio(train[0].audio_file, dtype="int16"), sound(len("an251-fash-b")))
    assert script.main(options) == 0  # the server is gone; nothing is downloaded again


def test_failures_are_one_line(tmp_path, capsys):
    (tmp_path / "web").mkdir()
    (tmp_path / "web/bad.tar.gz").write_bytes(b"no archive")
    with served(tmp_path / "web") as address:
        for name, said in (("gone.tar.gz", "404"), ("bad.tar.gz", "cannot be unpacked")):
            assert script.main([f"--data_root={tmp_path / 'data'}", f"--url={address}/{name}"]) == 1
            assert said in capsys.readouterr().err
