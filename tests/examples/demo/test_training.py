import os

import pytest

from examples.demo import training
from examples.demo.errors import DemoError
from examples.demo.manifests import DemoData
from examples.demo.training import find_archive, patient_threads, progress, train

SCRIPT = """
import pathlib, sys
folder = next(word.split("=", 1)[1] for word in sys.argv if word.startswith("exp_manager.exp_dir="))
checkpoints = pathlib.Path(folder) / "name" / "checkpoints"
print("Epoch 0: done", file=sys.stderr)
if "fail" in sys.argv:
    raise SystemExit("ConfigError: model.optim.lr is missing")
if "nothing" not in sys.argv:
    checkpoints.mkdir(parents=True)
    (checkpoints / "name.nemo").write_bytes(b"")
"""


@pytest.fixture
def data(tmp_path, monkeypatch):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    monkeypatch.setattr(training, "SCRIPT", script)
    return DemoData(tmp_path / "train.json", tmp_path / "held_out.json", "")


def test_training_leaves_an_archive_and_its_log(tmp_path, data):
    trained = train(data, tmp_path / "run", [], print)
    assert trained.archive == tmp_path / "run" / "name" / "checkpoints" / "name.nemo" == find_archive(tmp_path / "run")
    assert "Epoch 0: done" in (tmp_path / "run" / "training.log").read_text()
    assert trained.peak_megabytes > 1


def test_failed_training_shows_the_end_of_its_log(tmp_path, data):
    with pytest.raises(DemoError, match=r"(?s)exit status 1.*training\.log.*model\.optim\.lr is missing"):
        train(data, tmp_path / "run", ["fail"], print)


def test_training_without_a_model_is_an_error(tmp_path, data):
    with pytest.raises(DemoError, match=r"left no \.nemo"):
        train(data, tmp_path / "run", ["nothing"], print)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], "no checkpoint yet"),
        (["last.ckpt"], "no checkpoint yet"),
        (["x--val_wer=0.6123-epoch=4.ckpt"], "5 epochs, held-out WER 61%"),
        (["x--val_wer=0.9000-epoch=4.ckpt", "x--val_wer=0.5000-epoch=5-last.ckpt"], "6 epochs, held-out WER 50%"),
    ],
)
def test_progress_is_read_from_the_newest_checkpoint(tmp_path, names, shown):
    for age, name in enumerate(reversed(names)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    assert progress(tmp_path) == shown


def test_threads_wait_without_spinning_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert patient_threads()["OMP_WAIT_POLICY"] == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert patient_threads()["OMP_WAIT_POLICY"] == "active"


def test_there_is_no_archive_before_training(tmp_path):
    assert find_archive(tmp_path) is None
