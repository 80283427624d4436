import argparse
import pathlib

import pytest
import torch
from omegaconf import OmegaConf

from nemo.core.archive.plain import load_plain
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError


def test_adapters_of_the_original_come_as_plain_values(tmp_path):
    config = OmegaConf.create({"tower": {"_target_": "a.B", "dim": 4, "again": "${.dim}", "missing": "???"}})
    weight = torch.randn(2, 3)
    torch.save({"encoder:tower": [{"0.weight": weight}], "__cfg__": config}, tmp_path / "adapters.pt")
    content = load_plain(tmp_path / "adapters.pt")
    assert torch.equal(content["encoder:tower"][0]["0.weight"], weight)
    assert content["__cfg__"] == {"tower": {"_target_": "a.B", "dim": 4, "again": "${.dim}", "missing": "???"}}
    assert type(content["__cfg__"]) is dict


def test_other_values_come_as_what_they_stand_for(tmp_path):
    torch.save(
        {
            "path": pathlib.PurePosixPath("/a/b"),
            "namespace": argparse.Namespace(x=1),
            "numbers": (1, 2.5, 1j, True, None),
            "set": {1, 2},
            "bytes": b"\0\xff",
            "type": torch.float16,
            "size": torch.Size([1, 2]),
        },
        tmp_path / "x.pt",
    )
    content = load_plain(tmp_path / "x.pt")
    assert content == {
        "path": "/a/b", "namespace": {"x": 1}, "numbers": (1, 2.5, 1j, True, None), "set": {1, 2}, "bytes": b"\0\xff",
        "type": torch.float16, "size": (1, 2),
    }  # fmt: skip


@pytest.mark.parametrize("copied", [False, True])
def test_copies_share_what_shared_a_storage_and_leave_the_file(tmp_path, copied):
    base = torch.arange(6.0)
    torch.save({"a": base, "b": base[2:4], "n": 3}, tmp_path / "x.pt")
    content = load_plain(tmp_path / "x.pt", copied=copied)
    content["a"][2] = 50.0
    assert content["b"].tolist() == [50.0, 3.0]
    assert load_plain(tmp_path / "x.pt")["a"].tolist() == list(range(6))
    if copied:
        with open(tmp_path / "x.pt", "r+b") as file:
            file.truncate(0)
        assert content["a"].sum() == 63.0


def test_model_object_is_refused(tmp_path):
    torch.save(torch.nn.Linear(1, 1), tmp_path / "x.pt")
    with pytest.raises(UnsafeArchiveError, match=r"x\.pt: data\.pkl names torch\.nn\.modules\.linear\.Linear"):
        load_plain(tmp_path / "x.pt")


@pytest.mark.filterwarnings("ignore:.*quantize_per_tensor.*")
def test_quantised_tensor_says_what_to_do(tmp_path):
    torch.save({"a": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, tmp_path / "x.pt")
    with pytest.raises(UnsafeArchiveError, match="dequantize"):
        load_plain(tmp_path / "x.pt")


def test_missing_file_and_other_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="x.pt"):
        load_plain(tmp_path / "x.pt")
    (tmp_path / "x.pt").write_text("hello")
    with pytest.raises(ArchiveError, match="x.pt: not a file of weights"):
        load_plain(tmp_path / "x.pt")


def test_trusted_file_may_hold_objects(tmp_path):
    torch.save(torch.nn.Linear(1, 1), tmp_path / "x.pt")
    assert isinstance(load_plain(tmp_path / "x.pt", trusted=True), torch.nn.Linear)
