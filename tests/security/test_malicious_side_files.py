"""Battery S1, on files that a configuration names beside the weights: arrays, JSON, tokenizers."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from nemo.core.archive.plain import load_plain
from nemo.core.archive.side_files import read_arrays, read_json
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError


class Touch:
    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return os.mkdir, (self.canary,)


def _saved(write, *arguments, **options):
    file = io.BytesIO()
    write(file, *arguments, **options)
    return file.getvalue()


def _bomb():
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (40000000,)}\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + bytes(40_000_000))
    return file.getvalue()


def _objects(canary):
    return np.array([Touch(canary)], dtype=object)


FILES = {
    "array_of_objects": (read_arrays, lambda canary: _saved(np.save, _objects(canary), allow_pickle=True)),
    "arrays_of_objects": (read_arrays, lambda canary: _saved(np.savez, _objects(canary), allow_pickle=True)),
    "arrays_compressed": (read_arrays, lambda canary: _saved(np.savez_compressed, _objects(canary), allow_pickle=True)),
    "pickle_called_array": (read_arrays, lambda canary: pickle.dumps(Touch(canary))),
    "bomb_of_zeros": (read_arrays, lambda canary: _bomb()),
    "json_with_twins": (read_json, lambda canary: b'{"a": 1, "a": 2}'),
    "json_deep": (read_json, lambda canary: b"[" * 300_000),
    "torch_object": (load_plain, lambda canary: _saved(lambda file: torch.save({"a": Touch(canary)}, file))),
    "torch_module": (load_plain, lambda canary: _saved(lambda file: torch.save(torch.nn.Linear(1, 1), file))),
    "torch_legacy": (
        load_plain,
        lambda canary: _saved(lambda file: torch.save(Touch(canary), file, _use_new_zipfile_serialization=False)),
    ),
    "joblib_like": (load_plain, lambda canary: pickle.dumps({"ensemble": Touch(canary)})),
}


@pytest.mark.battery("S1")
@pytest.mark.parametrize("name", FILES)
def test_refused_and_nothing_done(name, tmp_path, canary, refused):
    read, content = FILES[name]
    path = tmp_path / "bad.file"
    path.write_bytes(content(canary))
    error = refused(lambda: read(path), ArchiveError if name == "pickle_called_array" else UnsafeArchiveError)
    assert "bad.file" in str(error)


def test_control_numpy_runs_the_object(tmp_path, canary):
    (tmp_path / "a.npy").write_bytes(FILES["array_of_objects"][1](canary))
    np.load(tmp_path / "a.npy", allow_pickle=True)
    assert canary.exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"\x0a" * 1000, bytes(1000), b"\x80\x04."])
def test_tokenizer_of_an_archive_that_is_none_is_named(tmp_path, content):
    from nemo.collections.common.tokenizers.sentencepiece_tokenizer import SentencePieceTokenizer
    from nemo.utils.exceptions import ConfigError

    (tmp_path / "tokenizer.model").write_bytes(content)
    with pytest.raises(ConfigError, match="tokenizer.model"):
        SentencePieceTokenizer(str(tmp_path / "tokenizer.model"))
