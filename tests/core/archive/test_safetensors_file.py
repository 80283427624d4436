import io
import json

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from nemo.core.archive.safetensors_file import read_safetensors, write_safetensors
from nemo.utils.exceptions import ArchiveError, ConfigError, UnsafeArchiveError

DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.bool, torch.float8_e4m3fn, torch.float8_e5m2,
    torch.complex64,
]  # fmt: skip


def memory(data):
    return memoryview(bytearray(data))


def written(tensors):
    file = io.BytesIO()
    write_safetensors(tensors, file)
    return file.getvalue()


def content(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return memory(len(text).to_bytes(8, "little") + text + data)


def entry(shape=(2,), place=(0, 8), dtype="F32", **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(place), **more}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_library_reads_what_we_write_and_we_what_it_writes(dtype):
    value = torch.randint(0, 2, (3, 5)).to(dtype)
    data = written({"b": value, "a": value[:0], "c": value[0, 0].clone()})
    theirs = load(data)
    ours = read_safetensors(memory(save({"b": value, "a": value[:0].clone(), "c": value[0, 0].clone()})), "x")
    for read in (theirs, ours):
        assert sorted(read) == ["a", "b", "c"]
        assert read["b"].dtype == dtype and read["a"].shape == (0, 5) and read["c"].shape == ()
        assert torch.equal(read["b"].view(torch.uint8), value.view(torch.uint8))


def test_bytes_are_those_of_the_library():
    tensors = {"w": torch.randn(4, 3), "n": torch.tensor([1, 2]), "h": torch.zeros(3, dtype=torch.float16)}
    assert written(tensors) == save(tensors, metadata={"format": "pt"})


def test_tied_weights_are_written_once_and_tied_again():
    weight = torch.randn(50, 20)
    data = written({"embedding": weight, "output": weight, "part": weight[:10], "turned": weight.t()})
    assert len(data) < (1000 + 200 + 1000) * 4 + 1000
    read = read_safetensors(memory(data), "x")
    assert read["output"] is read["embedding"]
    assert torch.equal(read["part"], weight[:10]) and torch.equal(read["turned"], weight.t())
    assert read["part"].data_ptr() != read["embedding"].data_ptr()


def test_nothing_is_copied():
    data = memory(written({"w": torch.zeros(1000)}))
    read_safetensors(data, "x")["w"].fill_(1.0)
    assert bytes(data[-4:]) == b"\0\0\x80\x3f"


BAD = {
    "header_longer_than_the_file": memory((10**6).to_bytes(8, "little") + b"{}"),
    "header_of_2_63_bytes": memory((2**63).to_bytes(8, "little") + b"{}"),
    "header_no_json": content(b"{x}"),
    "header_a_list": content(b"[] "),
    "header_deep": content(b'{"a":' * 100_000),
    "header_of_many_digits": content(b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,0]}}'),
    "header_not_a_number": content(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,0]}}'),
    "name_twice": content(
        b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
        b"12",
    ),
    "overlap": content({"a": entry(), "b": entry(place=(4, 12))}, bytes(12)),
    "hole": content({"a": entry(), "b": entry(place=(12, 20))}, bytes(20)),
    "bytes_behind": content({"a": entry()}, bytes(9)),
    "beyond_the_end": content({"a": entry()}, bytes(4)),
    "end_before_start": content({"a": entry(place=(8, 0))}, bytes(8)),
    "negative_place": content({"a": entry(place=(-8, 0))}, bytes(8)),
    "size_lies": content({"a": entry(shape=(3,))}, bytes(8)),
    "shape_overflows": content({"a": entry(shape=(2**33, 2**33), place=(0, 0))}),
    "shape_overflows_to_zero": content({"a": entry(shape=(2**61, 2**61, 0), place=(0, 0))}),
    "shape_negative": content({"a": entry(shape=(-1, -2))}, bytes(8)),
    "shape_a_text": content({"a": entry() | {"shape": "22"}}, bytes(8)),
    "shape_of_40_dims": content({"a": entry(shape=(1,) * 40, place=(0, 4))}, bytes(4)),
    "type_unknown": content({"a": entry(dtype="O")}, bytes(8)),
    "type_a_list": content({"a": entry(dtype=["F32"])}, bytes(8)),
    "entry_a_number": content({"a": 5}),
    "entry_with_more": content({"a": entry(pickle="x")}, bytes(8)),
    "metadata_of_objects": content({"__metadata__": {"a": {}}, "a": entry()}, bytes(8)),
    "tied_to_nothing": content({"__metadata__": {"tied": '{"b":"c"}'}, "a": entry()}, bytes(8)),
    "tied_to_itself": content({"__metadata__": {"tied": '{"b":"b"}'}, "a": entry()}, bytes(8)),
    "tied_and_there": content({"__metadata__": {"tied": '{"a":"a"}'}, "a": entry()}, bytes(8)),
    "tied_no_json": content({"__metadata__": {"tied": "x"}, "a": entry()}, bytes(8)),
    "120000_entries": content({f"t{number}": entry(shape=(0,), place=(0, 0)) for number in range(120_000)}),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_damaged_header_is_refused(name):
    with pytest.raises(ArchiveError, match="bad.file"):
        read_safetensors(BAD[name], "bad.file")


OURS_ONLY = {"entry_with_more", "120000_entries", "name_twice", "type_unknown", "shape_of_40_dims"}
"""What the library takes, or what it says otherwise."""


@pytest.mark.parametrize("name", [name for name in BAD if not name.startswith("tied") and name not in OURS_ONLY])
def test_library_refuses_the_same(name):
    with pytest.raises((SafetensorError, OverflowError)):
        load(bytes(BAD[name]))


@pytest.mark.parametrize("name", ["overlap", "hole", "bytes_behind", "size_lies", "name_twice", "120000_entries"])
def test_what_readers_could_understand_differently_is_called_unsafe(name):
    with pytest.raises(UnsafeArchiveError):
        read_safetensors(BAD[name], "bad.file")


def test_type_that_the_format_lacks_is_named():
    with pytest.raises(ConfigError, match="w is of the type torch.complex128"):
        written({"w": torch.zeros(1, dtype=torch.complex128)})
