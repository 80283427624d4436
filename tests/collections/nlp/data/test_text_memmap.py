"""Text files by line, through memory maps."""

import numpy as np
import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.text_memmap import TextMemMapDataset, build_index_files
from nemo.utils.exceptions import ConfigError


def test_lines_of_several_files_are_those_of_the_files(tmp_path):
    (tmp_path / "b.txt").write_bytes("drei\r\n\nvier ö".encode())
    (tmp_path / "a.txt").write_bytes(b"head\none\ntwo\n")
    dataset = TextMemMapDataset([tmp_path / "b.txt", tmp_path / "a.txt"], workers=1)
    assert [dataset[number] for number in range(len(dataset))] == ["head", "one", "two", "drei", "", "vier ö"]
    assert dataset[-1] == "vier ö"
    assert dataset[np.int64(1)] == "one"
    with pytest.raises(IndexError, match="line 6 of 6"):
        dataset[6]


def test_header_lines_are_passed_over_in_each_file(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(f"header\n{name}1\n{name}2\n")
    dataset = TextMemMapDataset([tmp_path / "a", tmp_path / "b"], header_lines=1, workers=1)
    assert list(map(dataset.__getitem__, range(4))) == ["a1", "a2", "b1", "b2"]


def test_index_is_made_once_and_again_when_the_file_changes(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    assert build_index_files(path, workers=1)
    assert not build_index_files(path, workers=1)
    path.write_text("one\ntwo\nthree\n")
    assert build_index_files([path], workers=1)
    assert len(TextMemMapDataset(path)) == 3


def test_damaged_index_is_made_again(tmp_path, caplog):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    build_index_files(path)
    (tmp_path / "a.txt.idx.npz").write_bytes(b"PK\x03\x04 nothing")
    assert TextMemMapDataset(path)[1] == "two"
    assert "made again" in caplog.text


def test_indexes_may_lie_elsewhere_and_do_not_mix(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"{name}\n" * (2 if name == "x" else 3))
    index = tmp_path / "index"
    paths = [tmp_path / "x" / "a.txt", tmp_path / "y" / "a.txt"]
    assert len(TextMemMapDataset(paths, index_mapping_dir=str(index), workers=1)) == 5
    assert not list(tmp_path.glob("[xy]/*.npz"))


def test_faults_name_file_and_line(tmp_path):
    (tmp_path / "empty.txt").touch()
    (tmp_path / "latin.txt").write_bytes(b"one\nz\xfcrich\n")
    (tmp_path / "header.txt").write_text("header\n")
    with pytest.raises(TextFileError, match="empty.txt is empty"):
        TextMemMapDataset(tmp_path / "empty.txt")
    with pytest.raises(TextFileError, match="nothing.txt does not exist"):
        TextMemMapDataset(tmp_path / "nothing.txt")
    with pytest.raises(TextFileError, match=r"latin.txt:2 is not UTF-8"):
        TextMemMapDataset(tmp_path / "latin.txt")[1]
    with pytest.raises(TextFileError, match="has 1 lines"):
        TextMemMapDataset(tmp_path / "header.txt", header_lines=1)
    with pytest.raises(ConfigError, match="newline_int is 300"):
        build_index_files(tmp_path / "header.txt", newline_int=300)
