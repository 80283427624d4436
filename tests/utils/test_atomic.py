import errno
import os
import stat

import pytest

from nemo.utils.atomic import atomic_write, remove_stray_files
from nemo.utils.exceptions import WriteError


def test_file_appears_whole(tmp_path):
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_failure_leaves_the_old_file(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(IsADirectoryError), atomic_write(tmp_path / "a.txt") as temporary:  # noqa: PT012
        temporary.write_text("half")
        tmp_path.write_text("this fails")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_file_has_ordinary_permissions(tmp_path):
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("x")
    (tmp_path / "b.txt").write_text("x")
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == stat.S_IMODE((tmp_path / "b.txt").stat().st_mode)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"), atomic_write(tmp_path / "nowhere" / "a.txt"):
        pass


def test_the_system_s_own_words_stay_for_errors_of_the_block(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic_write(tmp_path / "a.txt"):
        1 / 0  # noqa: B018
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_is_named_with_bytes(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    full = pytest.raises(WriteError, match=r"a.txt was not written: 3 bytes were written")
    with full as caught, atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.errno == errno.ENOSPC
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_full_disk_behind_a_library_s_error_is_named(tmp_path):
    with pytest.raises(WriteError, match="a.txt was not written"), atomic_write(tmp_path / "a.txt"):  # noqa: PT012
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("unexpected pos 64 vs 0") from error


def test_room_is_looked_for_before_writing(tmp_path):
    needed = 10**18
    with (
        pytest.raises(WriteError, match=r"it needs about 1,0{3}(,0{3}){5} bytes"),
        atomic_write(tmp_path / "a", needed),
    ):
        pytest.fail("nothing should be written")
    assert not list(tmp_path.iterdir())


def test_a_long_name_has_a_temporary_name_that_fits(tmp_path):
    name = "ü" * 120 + ".ckpt"  # 245 bytes
    with atomic_write(tmp_path / name) as temporary:
        temporary.write_text("x")
    assert os.listdir(tmp_path) == [name]


def test_a_killed_writer_s_file_is_removed_and_a_living_one_s_stays(tmp_path):
    for name in (".a.ckpt.x1_y.tmp", ".other.tmp", "b.tmp", ".a.ckpt.x1_y"):
        (tmp_path / name).touch()
    with atomic_write(tmp_path / "c.ckpt") as temporary:
        assert remove_stray_files(tmp_path) == [tmp_path / ".a.ckpt.x1_y.tmp"]
        assert temporary.exists()
    assert sorted(os.listdir(tmp_path)) == [".a.ckpt.x1_y", ".other.tmp", "b.tmp", "c.ckpt"]
