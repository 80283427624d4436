"""Class f: pickles that run code when they are read."""

from __future__ import annotations

import io
import os
import pickle
import tarfile

import torch

from tests.security import archives as build


class _Touch:
    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


def _text(value: str) -> bytes:
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def _protocol_2(body):
    """A checkpoint whose pickle is written by hand; CANARY is put into texts."""

    def make(path, canary):
        build.write(path, state=build.torch_zip(b"\x80\x02" + body(f"open({str(canary)!r}, 'w')", canary) + b"."))

    return make


def _dumped(make_object, protocol):
    def make(path, canary):
        build.write(path, state=build.torch_zip(pickle.dumps({"part.weight": make_object(canary)}, protocol)))

    return make


def _saved(path, canary):
    file = io.BytesIO()
    torch.save({"part.weight": _Touch(canary)}, file)
    build.write(path, state=file.getvalue())


def _legacy(path, canary):
    file = io.BytesIO()
    torch.save({"part.weight": _Touch(canary)}, file, _use_new_zipfile_serialization=False)
    build.write(path, state=file.getvalue())


def _bare(path, canary):
    build.write(path, state=pickle.dumps(_Touch(canary)))


def _torch_tar(path, canary):
    inner = build.tar_bytes([build.member("pickle", pickle.dumps(_Touch(canary), 2)), build.member("storages", b"")])
    build.write(path, state=inner, form=tarfile.USTAR_FORMAT)


def _torchscript(path, canary):
    records = {"code/__torch__.py": b"x", "constants.pkl": b"\x80\x02)."}
    build.write(path, state=build.torch_zip(b"\x80\x02}.", records))


def _tensor(*, count: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...], record: bytes = bytes(16)):
    """A tensor of a storage of 16 bytes that is described as asked."""

    def number(value):
        return b"\x8a\x08" + value.to_bytes(8, "little", signed=True)

    def numbers(values):
        return b"(" + b"".join(map(number, values)) + b"t"

    def make(path, canary):
        storage = (
            b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text("0") + _text("cpu") + number(count) + b"tQ"
        )
        arguments = b"(" + storage + number(offset) + numbers(size) + numbers(stride) + b"\x89}t"
        body = b"}" + _text("part.weight") + b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"Rs"
        build.write(path, state=build.torch_zip(b"\x80\x02" + body + b".", {"data/0": record}))

    return make


PICKLES = {
    "saved_by_torch": _saved,
    "eval": _protocol_2(lambda code, _: b"c__builtin__\neval\n(" + _text(code) + b"tR"),
    "posix_system": _protocol_2(lambda _, canary: b"cposix\nsystem\n(" + _text(f"touch {canary}") + b"tR"),
    "getattr_chain": _protocol_2(
        lambda code, _: (
            b"c__builtin__\ngetattr\n(c__builtin__\n__import__\n(" + _text("os") + b"tR" + _text("system") + b"tR"
        )
    ),
    "torch_load": _protocol_2(lambda _, canary: b"ctorch.serialization\nload\n(" + _text(str(canary)) + b"tR"),
    "inner_pickle": _protocol_2(
        lambda _, canary: b"c_pickle\nloads\n(c_codecs\nencode\n(" + _text("cos\nsystem\n") + _text("latin1") + b"tRtR"
    ),
    "inst_opcode": _protocol_2(lambda _, canary: b"(" + _text(f"touch {canary}") + b"ios\nsystem\n"),
    "obj_opcode": _protocol_2(lambda _, canary: b"(cos\nsystem\n" + _text(f"touch {canary}") + b"o"),
    "extension_opcode": _protocol_2(lambda *_: b"\x82\x01"),
    "protocol_4": _dumped(_Touch, 4),
    "protocol_5": _dumped(_Touch, 5),
    "protocol_0": _dumped(_Touch, 0),
    "function_altered": _protocol_2(
        lambda *_: b"ctorch._utils\n_rebuild_tensor_v2\n(N}" + _text("__defaults__") + b"(K\x01tstb"
    ),
    "persistent_text": _protocol_2(lambda *_: _text("module:os") + b"Q"),
    "legacy_torch": _legacy,
    "bare_pickle": _bare,
    "torch_tar": _torch_tar,
    "torchscript": _torchscript,
    "storage_larger_than_its_record": _tensor(count=2**40, offset=0, size=(4,), stride=(1,)),
    "tensor_beyond_its_storage": _tensor(count=4, offset=0, size=(2**40,), stride=(1,)),
    "offset_beyond_its_storage": _tensor(count=4, offset=2**40, size=(1,), stride=(1,)),
    "negative_offset": _tensor(count=4, offset=-4, size=(1,), stride=(1,)),
    "negative_stride": _tensor(count=4, offset=0, size=(2,), stride=(-9,)),
}
