import gzip
import io
import os
import tarfile

import pytest

from nemo.core.archive.tar_reader import ArchiveReader
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError

FILES = {"model_config.yaml": b"a: 1\n", "model_weights.ckpt": os.urandom(3000), "tp_rank_00/x.txt": b""}


def pack(path, files, mode="w", form=tarfile.PAX_FORMAT, prefix="./"):
    """An archive in the original's layout: a folder added as `.`."""
    with tarfile.open(path, mode, format=form) as tar:
        root = tarfile.TarInfo("./")
        root.type, root.mode, root.mtime = tarfile.DIRTYPE, 0o700, 1.5  # a fraction needs a pax header
        tar.addfile(root)
        for name, data in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size, info.mtime, info.uname = len(data), 1.5, "someone"
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("prefix", ["./", ""])
def test_reads_what_tar_programs_write(tmp_path, mode, form, prefix):
    with ArchiveReader(pack(tmp_path / "m.nemo", FILES, mode, form, prefix)) as archive:
        assert archive.names() == list(FILES)
        assert {name: archive.read(name) for name in FILES} == FILES
        assert archive.open_member("model_config.yaml").read() == b"a: 1\n"
        assert archive.config_bytes() == b"a: 1\n"
        assert archive.size("model_weights.ckpt") == 3000


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("name", ["ü" * 70 + ".txt", "x" * 32 + "_" + "long_" * 20 + ".txt"])
def test_long_and_foreign_names_are_read(tmp_path, form, name):
    with ArchiveReader(pack(tmp_path / "m.nemo", {name: b"1"}, form=form)) as archive:
        assert archive.names() == [name]


def test_sizes_of_eight_gib_are_understood(tmp_path):
    """GNU tar writes them in base 256; here the content is missing, so the archive is cut off, not misread."""
    info = tarfile.TarInfo("big")
    info.size = 9 * 2**30
    (tmp_path / "m.nemo").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(ArchiveError, match="cut off"):
        ArchiveReader(tmp_path / "m.nemo")


def test_extracted_folder_reads_like_its_archive(tmp_path):
    with ArchiveReader(pack(tmp_path / "m.nemo", FILES)) as archive:
        archive.extract_to(tmp_path / "out")
    with ArchiveReader(tmp_path / "out") as folder:
        assert sorted(folder.names()) == sorted(FILES)
        assert {name: folder.read(name) for name in FILES} == FILES


def test_extracted_files_are_private(tmp_path):
    with ArchiveReader(pack(tmp_path / "m.nemo", FILES)) as archive:
        archive.extract_to(tmp_path / "out", ["model_config.yaml"])
    assert os.listdir(tmp_path / "out") == ["model_config.yaml"]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "out" / "model_config.yaml").stat().st_mode & 0o777 == 0o600


def test_extraction_needs_an_empty_folder(tmp_path):
    path = pack(tmp_path / "m.nemo", FILES)
    with ArchiveReader(path) as archive, pytest.raises(ArchiveError, match="not empty"):
        archive.extract_to(tmp_path)
    assert os.listdir(tmp_path) == ["m.nemo"]


def test_nothing_is_left_when_extraction_fails(tmp_path):
    names = ["model_config.yaml", "tp_rank_00/x.txt", "nope"]
    archive = ArchiveReader(pack(tmp_path / "m.nemo", FILES))
    with archive, pytest.raises(ArchiveError, match="no member 'nope'"):
        archive.extract_to(tmp_path / "out", names)
    assert os.listdir(tmp_path / "out") == []


def test_view_is_private_memory(tmp_path):
    path = pack(tmp_path / "m.nemo", FILES)
    with ArchiveReader(path) as archive:
        view = archive.view("model_config.yaml")
        view[0:1] = b"b"
    assert bytes(view) == b"b: 1\n"  # it stays valid
    with ArchiveReader(path) as archive:
        assert archive.config_bytes() == b"a: 1\n"


def test_missing_member_names_those_that_are_there(tmp_path):
    with ArchiveReader(pack(tmp_path / "m.nemo", FILES)) as archive:
        with pytest.raises(ArchiveError, match=r"m\.nemo: has no member 'x'.*model_config\.yaml"):
            archive.read("x")
        with pytest.raises(UnsafeArchiveError, match="3000 bytes; at most 10"):
            archive.read("model_weights.ckpt", limit=10)


def test_closed_archive_says_so(tmp_path):
    archive = ArchiveReader(pack(tmp_path / "m.nemo", FILES))
    archive.close()
    with pytest.raises(ArchiveError, match="closed"):
        archive.read("model_config.yaml")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.nemo"):
        ArchiveReader(tmp_path / "none.nemo")


@pytest.mark.parametrize("size", range(0, 4096, 256))
def test_every_cut_is_noticed(tmp_path, size):
    whole = pack(tmp_path / "m.nemo", {"model_config.yaml": b"a: 1", "b": b"x" * 600}, form=tarfile.USTAR_FORMAT)
    content = whole.read_bytes().rstrip(b"\0")
    (tmp_path / "cut.nemo").write_bytes(content[: min(size, len(content))])
    with pytest.raises(ArchiveError, match=r"cut\.nemo"):
        ArchiveReader(tmp_path / "cut.nemo")


def test_every_cut_of_a_gzip_is_noticed(tmp_path):
    content = gzip.compress(pack(tmp_path / "m.nemo", FILES).read_bytes())
    for size in range(3, len(content), 211):
        (tmp_path / "cut.nemo").write_bytes(content[:size])
        with pytest.raises(ArchiveError, match=r"cut\.nemo"):
            ArchiveReader(tmp_path / "cut.nemo")


def test_folder_with_a_link_to_outside_is_refused(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "x").symlink_to("/etc/hostname")
    with pytest.raises(UnsafeArchiveError, match="'x' is a link to outside"):
        ArchiveReader(tmp_path / "model")


def snapshot(tmp_path, files):
    """A repository in the Hub's cache: the files of a revision are links to blobs named by their digests."""
    repository = tmp_path / "models--org--name"
    revision = repository / "snapshots" / "0123456789abcdef"
    (repository / "blobs").mkdir(parents=True)
    for number, (name, data) in enumerate(files.items()):
        (repository / "blobs" / f"digest{number}").write_bytes(data)
        (revision / name).parent.mkdir(parents=True, exist_ok=True)
        depth = "../" * (2 + name.count("/"))
        (revision / name).symlink_to(f"{depth}blobs/digest{number}")
    return revision


def test_snapshot_in_the_cache_of_the_hub_reads_like_its_archive(tmp_path):
    revision = snapshot(tmp_path, FILES)
    with ArchiveReader(revision) as folder:
        assert {name: folder.read(name) for name in folder.names()} == FILES
        folder.extract_to(tmp_path / "out")
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))


@pytest.mark.parametrize("target", ["../../../secret", "../../blobs/../../secret", "../../refs/main", "../../blobs"])
def test_snapshot_with_a_link_to_elsewhere_is_refused(tmp_path, target):
    (tmp_path / "secret").write_text("secret")
    revision = snapshot(tmp_path, FILES)
    (revision.parent.parent / "refs").mkdir()
    (revision.parent.parent / "refs" / "main").write_text("x")
    (revision / "x").symlink_to(target)
    with pytest.raises(UnsafeArchiveError, match="'x' is a link to outside of the folder.*cp -rL"):
        ArchiveReader(revision)


def test_links_inside_a_folder_and_a_link_to_the_folder_are_followed(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a").write_bytes(b"1")
    (tmp_path / "model" / "b").symlink_to("a")
    (tmp_path / "link").symlink_to(tmp_path / "model")
    with ArchiveReader(tmp_path / "link") as folder:
        assert folder.read("b") == b"1"


def test_link_that_leads_nowhere_is_refused(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "b").symlink_to("a")
    with pytest.raises(UnsafeArchiveError, match="'b' is neither a file nor a folder"):
        ArchiveReader(tmp_path / "model")


def test_what_other_tools_keep_in_a_folder_is_not_seen(tmp_path):
    (tmp_path / "model" / ".git").mkdir(parents=True)
    (tmp_path / "model" / ".git" / "x").symlink_to("/etc/hostname")
    (tmp_path / "model" / ".gitattributes").write_text("x")
    (tmp_path / "model" / "a").write_bytes(b"1")
    with ArchiveReader(tmp_path / "model") as folder:
        assert folder.names() == ["a"]


@pytest.mark.parametrize("place", [108, 116, 124, 136, 329])
def test_header_with_a_number_that_is_none_is_refused(tmp_path, place):
    pack(tmp_path / "a.nemo", {"x": b"1"}, form=tarfile.USTAR_FORMAT)
    data = bytearray((tmp_path / "a.nemo").read_bytes())
    data[place : place + 3] = b"\x1b00"
    plain = data[:148] + b" " * 8 + data[156:512]
    data[148:156] = b"%06o\0 " % sum(plain)
    (tmp_path / "a.nemo").write_bytes(data)
    with pytest.raises(ArchiveError, match=r"a\.nemo: damaged at byte 0: a number"):
        ArchiveReader(tmp_path / "a.nemo")
