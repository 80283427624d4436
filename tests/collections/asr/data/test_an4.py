import json
from pathlib import Path

from nemo.collections.asr.data.an4 import download_an4
from nemo.collections.common.data.manifest import read_manifest
from tests.scripts.dataset_processing.test_process_an4_data import make_archive
from tests.scripts.running import served


def test_manifests_may_lie_elsewhere(tmp_path):
    make_archive(tmp_path / "web", "raw", "an4.tar.gz")
    given = tmp_path / "train.json"
    with served(tmp_path / "web") as address:
        made = download_an4(str(tmp_path / "data"), train_mani_path=str(given), url=f"{address}/an4.tar.gz")
    assert made == {"train": (given, 2), "test": (tmp_path / "data" / "an4" / "test_manifest.json", 1)}
    entry = json.loads(given.read_text().splitlines()[0])
    assert entry["audio_filepath"] == str(tmp_path / "data" / "an4" / "wavs" / "an251-fash-b.wav")
    assert all(Path(entry.audio_file).is_file() for entry in read_manifest(given))
