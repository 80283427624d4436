"""Tar files as shards of a data set."""

import io
import pickle
import random
import tarfile
from collections import Counter

import pytest

from nemo.collections.common.data.tar_shards import TarShards, expand_shards, mixed_through_buffer
from nemo.utils.exceptions import ArchiveError, ConfigError, UnsafeArchiveError


def tar(path, members):
    with tarfile.open(path, "w") as file:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return str(path)


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("a.tar", ["a.tar"]),
        ("a.tar, b.tar", ["a.tar", "b.tar"]),
        ("d/audio__OP_0..2_CL_.tar", ["d/audio_0.tar", "d/audio_1.tar", "d/audio_2.tar"]),
        ("audio_{08..11}.tar", ["audio_08.tar", "audio_09.tar", "audio_10.tar", "audio_11.tar"]),
        ("audio_(1..0).tar", ["audio_1.tar", "audio_0.tar"]),
        ("audio_[0..1].tar", ["audio_0.tar", "audio_1.tar"]),
        ("audio_<0..1>.tar", ["audio_0.tar", "audio_1.tar"]),
        ("{x,y}/{0..1}.tar,z.tar", ["x/0.tar", "x/1.tar", "y/0.tar", "y/1.tar", "z.tar"]),
        ([["a_{0..1}.tar"], ["b.tar"]], ["a_0.tar", "a_1.tar", "b.tar"]),
    ],
)
def test_patterns_stand_for_paths_as_in_shells(pattern, paths):
    assert expand_shards(pattern) == paths


@pytest.mark.parametrize("pattern", ["a_{0..2.tar", "a_{x}.tar"])
def test_half_a_pattern_is_named(pattern):
    with pytest.raises(ConfigError, match=r"Expected a range such as \{0\.\.511\}"):
        expand_shards(pattern)


def test_members_are_read_from_where_they_lie(tmp_path):
    contents = {"a.wav": b"one" * 400, "b.flac": b"", "c.wav": bytes(range(256)) * 5}
    shards = TarShards(tar(tmp_path / "0.tar", contents))
    for each in (shards, pickle.loads(pickle.dumps(shards))):
        assert {member.name: bytes(each.read(member)) for member in each.members(each.paths[0])} == contents


def test_processes_share_shards_or_members():
    paths = [f"{number}.tar" for number in range(5)]
    assert [TarShards(paths).own(rank, 2) for rank in range(2)] == [paths[::2], paths[1::2]]
    assert TarShards(paths, "replicate").own(1, 2) == paths
    with pytest.raises(ConfigError, match="5 tar files cannot be scattered over 6 processes"):
        TarShards(paths).own(0, 6)


def test_order_of_shards_differs_by_epoch_and_is_common_where_members_are_shared():
    paths = [f"{number}.tar" for number in range(20)]
    shared = TarShards(paths, "replicate", shuffle_buffer=1)
    assert shared.order(1, 0, 0, 2) == shared.order(1, 0, 1, 2) != shared.order(1, 1, 0, 2)
    assert TarShards(paths).order(1, 0, 0, 1) == paths


@pytest.mark.parametrize("size", [0, 1, 3, 10, 1000])
def test_a_buffer_mixes_and_loses_nothing(size):
    mixed = list(mixed_through_buffer(range(100), size, random.Random(0)))
    assert Counter(mixed) == Counter(range(100))
    assert (mixed == list(range(100))) == (size <= 1)
    assert all(value <= place + size for place, value in enumerate(mixed)), "none comes earlier than it can be read"


def test_links_and_names_that_lead_elsewhere_are_refused(tmp_path):
    with tarfile.open(tmp_path / "link.tar", "w") as file:
        member = tarfile.TarInfo("a.wav")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(member)
    for path in (str(tmp_path / "link.tar"), tar(tmp_path / "up.tar", {"../a.wav": b"x"})):
        with pytest.raises(UnsafeArchiveError):
            TarShards(path).members(path)


def test_missing_empty_and_cut_shards_are_named(tmp_path):
    gone = str(tmp_path / "gone.tar")
    with pytest.raises(FileNotFoundError, match=r"gone\.tar does not exist"):
        TarShards(gone).members(gone)
    empty, cut = str(tmp_path / "empty.tar"), tar(tmp_path / "cut.tar", {"a.wav": b"x" * 5000})
    open(empty, "wb").close()
    whole = (tmp_path / "cut.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:3000])
    for path in (empty, cut):
        with pytest.raises(ArchiveError, match=path.rpartition("/")[2]):
            TarShards(path).members(path)


@pytest.mark.parametrize(("paths", "strategy"), [([], "scatter"), (["a.tar", "a.tar"], "scatter"), ("a.tar", "split")])
def test_what_cannot_be_is_named(paths, strategy):
    with pytest.raises(ConfigError, match="Expected"):
        TarShards(paths, strategy)
