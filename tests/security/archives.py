"""Builds archives, whole ones and broken ones, without the code under test."""

from __future__ import annotations

import functools
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import torch
import yaml

BLOCK = 512

CONFIG = {
    "target": "tests.security.model.ModelWithPart",
    "nemo_version": "1.23.0",
    "part": {"_target_": "torch.nn.Linear", "in_features": 4, "out_features": 2},
}


def config_text(**changes) -> bytes:
    return yaml.safe_dump({**CONFIG, **changes}).encode()


@functools.cache
def weights() -> bytes:
    """The state dict of ModelWithPart, as `torch.save` writes it."""
    torch.manual_seed(0)
    layers = {"encoder": torch.nn.Linear(4, 3), "decoder": torch.nn.Linear(3, 1), "part": torch.nn.Linear(4, 2)}
    file = io.BytesIO()
    torch.save({f"{name}.{key}": value for name, m in layers.items() for key, value in m.state_dict().items()}, file)
    return file.getvalue()


def benign_members() -> list[tuple[tarfile.TarInfo, bytes]]:
    root = tarfile.TarInfo("./")
    root.type, root.mode = tarfile.DIRTYPE, 0o700
    return [(root, b""), member("./model_config.yaml", config_text()), member("./model_weights.ckpt", weights())]


def member(name: str, data: bytes = b"", **attributes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, data


def tar_bytes(members, form: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data) if info.size else None)
    return file.getvalue()


def write(path: Path, *extra, config: bytes | None = None, state: bytes | None = None, form=tarfile.PAX_FORMAT) -> None:
    """A good archive but for what is given: another config, other weights, further members."""
    members = benign_members()
    if config is not None:
        members[1] = member("./model_config.yaml", config)
    if state is not None:
        members[2] = member("./model_weights.ckpt", state)
    path.write_bytes(tar_bytes([*members, *extra], form))


def raw_header(name: bytes, *, size: int = 0, kind: bytes = b"0", mode: int = 0o644, link: bytes = b"") -> bytes:
    """A tar header as it is asked for, with a right checksum, whatever a tar program would refuse to write."""
    size_field = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    fields = name.ljust(100, b"\0") + b"%07o\0" % mode + b"0000000\0" * 2 + size_field + b"0" * 11 + b"\0"
    rest = kind + link.ljust(100, b"\0") + b"ustar\x0000"
    header = (fields + b" " * 8 + rest).ljust(BLOCK, b"\0")
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


def raw_member(name: bytes, data: bytes = b"", **header) -> bytes:
    return raw_header(name, size=len(data), **header) + data + b"\0" * (-len(data) % BLOCK)


def pax_record(key: str, value: bytes) -> bytes:
    body = b" " + key.encode() + b"=" + value + b"\n"
    length = len(body) + 1
    while len(b"%d" % length + body) != length:
        length += 1
    return b"%d" % length + body


def write_raw(path: Path, *blocks: bytes) -> None:
    """A good archive and raw blocks before its end."""
    good = tar_bytes(benign_members())
    end = len(good.rstrip(b"\0"))
    end += -end % BLOCK
    path.write_bytes(good[:end] + b"".join(blocks) + b"\0" * 2 * BLOCK)


def torch_zip(pickle: bytes, records: dict[str, bytes] | None = None, *, compression=zipfile.ZIP_STORED) -> bytes:
    """A checkpoint with a pickle of one's own."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        contents = {"data.pkl": pickle, "byteorder": b"little", "version": b"3\n", **(records or {})}
        for name, data in contents.items():
            archive.writestr(f"archive/{name}", data)
    return file.getvalue()


def safetensors_bytes(entries: int) -> bytes:
    header = "{" + ",".join(f'"t{n}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for n in range(entries)) + "}"
    return struct.pack("<Q", len(header)) + header.encode()
