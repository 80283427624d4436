import io
import json
import zipfile

import numpy as np
import pytest

from nemo.core.archive.side_files import read_arrays, read_json
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError


def npy(header, data=b""):
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def test_arrays_come_back(tmp_path):
    np.savez(tmp_path / "a.npz", mean=np.arange(3.0), name="x")
    np.save(tmp_path / "a.npy", np.eye(2))
    arrays = read_arrays(tmp_path / "a.npz")
    assert arrays["mean"].tolist() == [0, 1, 2] and str(arrays["name"]) == "x"
    assert read_arrays(tmp_path / "a.npy")["array"].tolist() == [[1, 0], [0, 1]]


def test_smooth_features_compress_well_and_load(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.ones(2**18))
    assert read_arrays(tmp_path / "a.npz")["x"].sum() == 2**18


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_python_objects_are_refused(tmp_path, kind):
    objects = np.array([{"a": 1}], dtype=object)
    (np.save if kind == "npy" else np.savez)(tmp_path / f"a.{kind}", objects, allow_pickle=True)
    with pytest.raises(UnsafeArchiveError, match=f"a.{kind}: holds Python objects"):
        read_arrays(tmp_path / f"a.{kind}")


def test_bomb_is_refused_by_its_ratio(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(3):  # each compresses a thousandfold
            file.writestr(
                f"x{number}.npy", npy("{'descr':'|u1','fortran_order':False,'shape':(9000000,)}", bytes(9 * 10**6))
            )
    with pytest.raises(UnsafeArchiveError, match="unpacks to"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x93NUMPY",
        npy("{'descr':'<f4','fortran_order':False,'shape':(9999999999999,)}"),
        npy("__import__('os')"),
        npy("(" * 5000),
        npy("{'descr':5,'fortran_order':False,'shape':(1,)}"),
        b"PK\x03\x04" + bytes(50),
    ],
)
def test_damaged_arrays_are_named(tmp_path, data):
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(ArchiveError, match="a.npy"):
        read_arrays(tmp_path / "a.npy")


def test_same_array_twice_is_refused(tmp_path):
    file = io.BytesIO()
    np.save(file, np.zeros(1))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", file.getvalue())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x.npy", file.getvalue())
    with pytest.raises(UnsafeArchiveError, match="twice"):
        read_arrays(tmp_path / "a.npz")


def test_json_comes_back(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"speakers": {"anna": 0}}))
    assert read_json(tmp_path / "a.json") == {"speakers": {"anna": 0}}


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe{}", b"{'a': 1}", b"1" * 5000])
def test_wrong_json_is_named(tmp_path, text):
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(ArchiveError, match="a.json"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("text", [b'{"a": 1, "a": 2}', b"[" * 200_000])
def test_json_that_harms_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(UnsafeArchiveError, match="a.json"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("read", [read_json, read_arrays])
def test_missing_file_is_missing(tmp_path, read):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none")
