import math

import pytest

from nemo.utils.exp_manager.checkpoint_names import complete_checkpoints, parts_of, value_in_name


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a--val_loss=0.1234-epoch=3", 0.1234),
        ("a--val_loss=-1.5e-03-epoch=1", -1.5e-3),
        ("a--val_loss=2-epoch=1-v1", 2.0),
        ("a--val_loss0.5-epoch1", 0.5),
        ("a--val_loss=nan-epoch=3", math.nan),
        ("a--val_loss=inf-epoch=3", math.nan),
        ("a--val_loss=-inf-epoch=3", math.nan),
        ("a--epoch=3", math.nan),
    ],
)
def test_the_value_in_a_name(name, value):
    assert value_in_name(name, "val_loss") == pytest.approx(value, nan_ok=True)


def test_files_and_folders_are_checkpoints_and_parts_count_as_one(tmp_path):
    make(
        tmp_path,
        "a--val_loss=0.1-epoch=1.ckpt",
        "a--val_loss=0.2-epoch=2.ckpt/.metadata",  # a folder that several processes filled
        "a--val_loss=0.2-epoch=2.ckpt/__0_0.distcp",
        "a--val_loss=0.3-epoch=3/common.pt",  # the same without extension
        "mp_rank_00/a--val_loss=0.4-epoch=4.ckpt",
        "mp_rank_01/a--val_loss=0.4-epoch=4.ckpt",
        "tp_rank_00_pp_rank_001/fsdp_shard_00002/a--val_loss=0.5-epoch=5.ckpt",
        "a--val/loss=0.6-epoch=6.ckpt",  # a metric with a slash makes a folder
    )
    assert [path.removeprefix(f"{tmp_path}/a--val") for path in complete_checkpoints(tmp_path, ".ckpt")] == [
        "/loss=0.6-epoch=6.ckpt",
        "_loss=0.1-epoch=1.ckpt",
        "_loss=0.2-epoch=2.ckpt",
        "_loss=0.3-epoch=3",
        "_loss=0.4-epoch=4.ckpt",
        "_loss=0.5-epoch=5.ckpt",
    ]


def test_the_last_ends_twins_and_unfinished_ones_are_left_out(tmp_path):
    make(
        tmp_path,
        "a--val_loss=0.1-epoch=1.ckpt",
        "a--val_loss=0.1-epoch=1-EMA.ckpt",
        "a--val_loss=0.1-epoch=1-EMA.ckpt-previous",
        "a--val_loss=0.1-epoch=2-last.ckpt",
        "a--val_loss=0.1-epoch=2-end.ckpt",
        "a--val_loss=0.1-epoch=2-last/.metadata",
        "a--val_loss=0.2-epoch=2.ckpt",
        "a--val_loss=0.2-epoch=2.ckpt-unfinished",
        "mp_rank_00/a--val_loss=0.3-epoch=3.ckpt",
        "a--val_loss=0.3-epoch=3.ckpt-unfinished",
        ".a--val_loss=0.4-epoch=4.ckpt.x1.tmp",
        "a.nemo",
    )
    assert complete_checkpoints(tmp_path, ".ckpt") == [str(tmp_path / "a--val_loss=0.1-epoch=1.ckpt")]
    assert complete_checkpoints(tmp_path / "missing", ".ckpt") == []


def test_parts_are_those_of_the_ranks_or_the_file_itself(tmp_path):
    parts = ["mp_rank_00/a.ckpt", "tp_rank_01_pp_rank_000/fsdp_shard_00001/a.ckpt"]
    make(tmp_path, *parts, "mp_rank_00/b.ckpt", "elsewhere/a.ckpt", "c.ckpt")
    assert parts_of(str(tmp_path / "a.ckpt")) == [str(tmp_path / part) for part in parts]
    for name in ("c.ckpt", "missing.ckpt"):
        assert parts_of(str(tmp_path / name)) == [str(tmp_path / name)]
    assert parts_of(str(tmp_path / "no_folder" / "a.ckpt")) == [str(tmp_path / "no_folder" / "a.ckpt")]
