import tarfile

import pytest
import torch

from nemo.core.archive.tar_reader import ArchiveReader
from nemo.core.archive.tar_writer import write_archive
from nemo.utils.exceptions import UnsafeArchiveError


def test_layout_is_the_originals(tmp_path):
    write_archive(tmp_path / "m.nemo", {"model_weights.ckpt": b"w", "model_config.yaml": b"a: 1"})
    with tarfile.open(tmp_path / "m.nemo", "r:") as tar:  # uncompressed
        assert [(m.name, m.isdir(), m.mode) for m in tar] == [
            (".", True, 0o700),
            ("./model_config.yaml", False, 0o644),
            ("./model_weights.ckpt", False, 0o644),
        ]


def test_same_contents_give_the_same_bytes(tmp_path):
    for folder, names in (("one", "ab"), ("two", "ba")):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text(name)
        write_archive(tmp_path / f"{folder}.nemo", tmp_path / folder)
    assert (tmp_path / "one.nemo").read_bytes() == (tmp_path / "two.nemo").read_bytes()


def test_sources_may_be_bytes_files_folders_and_functions(tmp_path):
    (tmp_path / "file").write_text("from a file")
    state = {"w": torch.arange(5.0)}
    write_archive(
        tmp_path / "m.nemo",
        {"b": b"bytes", "c/d": tmp_path / "file", "a.ckpt": lambda file: torch.save(state, file), "ü" * 60: b"long"},
    )
    with ArchiveReader(tmp_path / "m.nemo") as archive:
        assert archive.read("b") == b"bytes"
        assert archive.read("c/d") == b"from a file"
        assert archive.read("ü" * 60) == b"long"
        assert torch.equal(torch.load(archive.open_member("a.ckpt"), weights_only=True)["w"], state["w"])


def test_failure_leaves_the_old_archive(tmp_path):
    write_archive(tmp_path / "m.nemo", {"a": b"old"})

    def fail(file):
        file.write(b"half")
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError):
        write_archive(tmp_path / "m.nemo", {"a": fail})
    with ArchiveReader(tmp_path / "m.nemo") as archive:
        assert archive.read("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["m.nemo"]


@pytest.mark.parametrize("names", [["../x"], ["/x"], ["a", "A"], ["a", "a/b"]])
def test_what_would_be_refused_is_not_written(tmp_path, names):
    with pytest.raises(UnsafeArchiveError):
        write_archive(tmp_path / "m.nemo", dict.fromkeys(names, b"x"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("as_file", [False, True])
def test_what_the_reader_would_refuse_is_not_written(tmp_path, as_file):
    import gzip

    content = gzip.compress(b"a vocabulary")
    (tmp_path / "words.txt.gz").write_bytes(content)
    source = tmp_path / "words.txt.gz" if as_file else content
    with pytest.raises(UnsafeArchiveError, match=r"'words.txt.gz' is an archive itself \(gzip\).*Unpack it"):
        write_archive(tmp_path / "a.nemo", {"words.txt.gz": source})
    assert not (tmp_path / "a.nemo").exists()


@pytest.mark.parametrize("name", [".", "./", "././"])
def test_member_without_a_name_is_not_written(tmp_path, name):
    with pytest.raises(UnsafeArchiveError, match="give the member a name"):
        write_archive(tmp_path / "a.nemo", {name: b"x"})
