"""D1: the disk fills up while something is written. The error names file and bytes, and what was there is as it was."""

import errno
import logging
import os
import re
from pathlib import Path

import pytest
import torch

from nemo.collections.common.data.manifest import write_manifest
from nemo.collections.common.tokenizers.char_tokenizer import CharTokenizer
from nemo.core.archive.weights import save_weights
from nemo.utils.download import download
from nemo.utils.exceptions import WriteError
from nemo.utils.exp_manager import DurableCheckpointIO
from nemo.utils.exp_manager.loggers.durable_tensorboard import TensorBoardLogger
from nemo.utils.log_file import LogFile
from tests.core.adapters.networks import AdaptableModel, section
from tests.core.classes.test_exportable import Encoder
from tests.core.tiny import TinyModel, tiny_config
from tests.reliability.full_disk import full_disk
from tests.reliability.moments import Moment
from tests.reliability.results import checkpoint_files, resumed, stray_files, unreadable_files
from tests.reliability.runs import train
from tests.reliability.warm_processes import run
from tests.reliability.web import CONTENT, server

pytestmark = pytest.mark.skipif("os.name == 'nt'", reason="Windows has no limit of a file's size")


def write_adapters(path):
    model = AdaptableModel(cfg={})
    model.add_adapter("a", section())
    model.save_adapters(str(path))


WRITERS = {
    "checkpoint": ("a.ckpt", lambda path: DurableCheckpointIO().save_checkpoint({"x": torch.zeros(10_000)}, path)),
    "archive": ("a.nemo", lambda path: TinyModel(tiny_config()).save_to(str(path))),
    "weights": ("a.safetensors", lambda path: save_weights({"x": torch.zeros(10_000)}, path)),
    "adapters": ("a.pt", write_adapters),
    "manifest": ("a.json", lambda path: write_manifest(path, [{"text": "word " * 100}] * 10)),
    "vocabulary": ("vocab.txt", lambda path: CharTokenizer.build_vocab(path, text="abcdefghij" * 100)),
    "exported model": ("a.ts", lambda path: Encoder().export(str(path), check_trace=False)),
    "hyper-parameters": ("hparams.yaml", lambda path: hyper_parameters(path)),
}


def hyper_parameters(path):
    path.unlink(missing_ok=True)  # Lightning writes it once
    logger = TensorBoardLogger(path.parent.parent, name="", version=path.parent.name)
    logger.hparams = {"text": "word " * 1000}
    logger.save()
    logger._experiment.close()


@pytest.mark.battery("D1")
@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_named_and_leaves_the_old_file(kind, tmp_path):
    name, write = WRITERS[kind]
    path = tmp_path / "folder" / name
    path.parent.mkdir()
    write(path)
    is_kept = kind != "hyper-parameters"
    before, files = path.read_bytes(), set(os.listdir(path.parent))
    with full_disk(min(8000, len(before) - 1)), pytest.raises(WriteError) as caught:
        write(path)
    assert caught.value.errno in (errno.EFBIG, errno.ENOSPC)
    assert re.search(rf"{re.escape(str(path))} was not written: .*\d bytes.* bytes free.* intact\.", str(caught.value))
    if is_kept:
        assert path.read_bytes() == before
        assert set(os.listdir(path.parent)) == files
    else:
        assert not path.exists()


@pytest.mark.battery("D1")
def test_a_download_is_kept_as_far_as_it_came(tmp_path):
    path = tmp_path / "model.nemo"
    with server() as (address, _):
        with full_disk(50_000), pytest.raises(WriteError, match=r"model.nemo.part was not written: .*102,400 bytes"):
            download(address, path)
        assert not path.exists()
        assert (tmp_path / "model.nemo.part").stat().st_size == 50_000
        assert download(address, path).read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["model.nemo"]


@pytest.mark.battery("D1")
def test_a_log_file_says_it_once_and_the_program_goes_on(tmp_path, capsys):
    log = LogFile(tmp_path / "log.txt")
    record = logging.LogRecord("a", logging.INFO, "", 0, "word " * 10, None, None)
    log.emit(record)
    with full_disk(1000):
        for _ in range(100):
            log.emit(record)
        log.close()
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"{tmp_path}/log.txt gets no more lines: File too large, after 1,000 bytes. The program goes on." in told
    assert (tmp_path / "log.txt").stat().st_size == 1000


def log_curves(folder):
    """In a process of its own, since TensorBoard's thread dies with a traceback."""
    logger = TensorBoardLogger(folder, name="", version="run")
    logger.log_metrics({"loss": 1.0}, 0)
    logger.save()
    try:
        with full_disk(2000):
            for step in range(1000):
                logger.log_metrics({"loss": float(step)}, step)
                logger.save()
    except WriteError as error:
        (Path(folder) / "told.txt").write_text(str(error))
    logger.finalize("failed")


@pytest.mark.battery("D1")
def test_curves_of_tensorboard_end_with_a_clear_error(tmp_path):
    assert run(log_curves, str(tmp_path)) == 0
    (events,) = (tmp_path / "run").glob("events*")
    assert re.match(rf"{re.escape(str(events))} was not written: 2,000 bytes", (tmp_path / "told.txt").read_text())


@pytest.mark.battery("D1")
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("epochs", r"CheckpointWriteError: the checkpoint .*epoch=1.ckpt was not written"),
        ("archives", r"WriteError: .*/default.nemo was not written"),
    ],
)
def test_a_run_that_meets_a_full_disk_goes_on_after_it_to_the_bit(kind, error, tmp_path, unbroken):
    assert run(train, str(tmp_path), kind, Moment("step", 8), "full disk") == 1
    said = (tmp_path / "error.txt").read_text()
    assert re.match(
        error + r": it needs about [\d,]+ bytes, and the disk has [\d,]+ bytes free \(File too large\)", said
    )
    assert "default--val_loss=4.6607-epoch=0-last.ckpt" in checkpoint_files(tmp_path)
    assert not unreadable_files(tmp_path)
    assert not stray_files(tmp_path)
    assert resumed(tmp_path, kind) == unbroken(kind)
