"""Classes k and l: files that a config asks for, and archives that are not what they should be."""

from __future__ import annotations

import io
import json
import zipfile

import torch
from safetensors.torch import save

from tests.security import archives as build
from tests.security.samples_config import whole

# SECRET is a file beside the canary; nothing may open it
FILES = {
    name: whole(words_file=value)
    for name, value in {
        "outside_by_prefix": "nemo:../../SECRET",
        "absolute_by_prefix": "nemo:FOLDER/SECRET",
        "absolute": "FOLDER/SECRET",
        "absolute_with_dots": "FOLDER/x/../SECRET",
        "home": "~/SECRET",
        "file_url": "file://FOLDER/SECRET",
        "web_address": "https://127.0.0.1:9/SECRET",
        "environment": "env:SECRET",
        "dollar": "$HOME/SECRET",
        "process_folder": "/proc/self/cwd/SECRET",
        "missing_member": "nemo:0123456789abcdef0123456789abcdef_words.txt",
        "prefix_twice": "nemo:nemo:FOLDER/SECRET",
    }.items()
}


def _part(share):
    def make(path, canary):
        build.write(path)
        content = path.read_bytes().rstrip(b"\0")
        path.write_bytes(content[: int(len(content) * share)])

    return make


def _bytes(data):
    return lambda path, canary: path.write_bytes(data)


def _zip(path, canary):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("model_config.yaml", build.config_text())


def _without(number):
    def make(path, canary):
        members = build.benign_members()
        del members[number]
        path.write_bytes(build.tar_bytes(members))

    return make


def _damaged_header(path, canary):
    build.write(path)
    data = bytearray(path.read_bytes())
    data[512 + 100] ^= 1
    path.write_bytes(data)


def _state(change):
    def make(path, canary):
        file = io.BytesIO()
        state = torch.load(io.BytesIO(build.weights()), weights_only=True)
        change(state)
        torch.save(state, file)
        build.write(path, state=file.getvalue())

    return make


def _safetensors(*entries, size=16):
    """Weights as safetensors with a header of one's own: (name, shape, start, end)."""

    def make(path, canary):
        header = {
            name: {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}
            for name, shape, start, end in entries
        }
        text = json.dumps(header).encode()
        build.write(path, state=len(text).to_bytes(8, "little") + text + bytes(size))

    return make


def _with_safetensors_that_differ(path, canary):
    state = torch.load(io.BytesIO(build.weights()), weights_only=True)
    other = {name: value + 1 for name, value in state.items()}
    build.write(path, build.member("./model_weights.safetensors", save(other)))


WRONG = {
    "of_another_class": lambda path, canary: build.write(
        path, config=build.config_text(target="tests.core.tiny.OtherModel")
    ),
    "archive_of_a_later_format": lambda path, canary: build.write(path, config=build.config_text(archive_format=2)),
    "shape_mismatch": _state(lambda state: state.update({"part.weight": torch.zeros(3, 4)})),
    "missing_tensor": _state(lambda state: state.pop("part.bias")),
    "tensor_too_many": _state(lambda state: state.update(more=torch.zeros(1))),
    "two_kinds_of_weights_that_differ": _with_safetensors_that_differ,
    "safetensors_overlap": _safetensors(("a", (3,), 0, 12), ("b", (2,), 8, 16)),
    "safetensors_hole": _safetensors(("a", (1,), 0, 4), ("b", (1,), 12, 16)),
    "safetensors_beyond_the_end": _safetensors(("a", (400,), 0, 1600)),
    "safetensors_size_lies": _safetensors(("a", (2**31, 2**33), 0, 16)),
    "safetensors_bytes_behind": _safetensors(("a", (2,), 0, 8)),
    "safetensors_negative": _safetensors(("a", (4,), -16, 0)),
    "safetensors_header_lies": lambda path, canary: build.write(path, state=(2**40).to_bytes(8, "little") + b"{}" * 20),
    "split_over_devices": lambda path, canary: path.write_bytes(
        build.tar_bytes(
            [
                build.member("model_config.yaml", build.config_text()),
                build.member("mp_rank_00/model_weights.ckpt", b"x"),
                build.member("mp_rank_01/words.ckpt", b"x"),
            ]
        )
    ),
    "empty": _bytes(b""),
    "zeros": _bytes(bytes(10240)),
    "text": _bytes(b"<html>not found</html>" * 100),
    "lfs_pointer": _bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
    "zip": _zip,
    "weights_alone": _bytes(build.weights()),
    "gzip_cut": _bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
    "gzip_damaged": _bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"\xff" * 100),
    "without_config": _without(1),
    "without_weights": _without(2),
    "damaged_header": _damaged_header,
    "weights_cut": lambda path, canary: build.write(path, state=build.weights()[:-40]),
    "weights_of_text": lambda path, canary: build.write(path, state=b"hello"),
    "weights_empty": lambda path, canary: build.write(path, state=b""),
    "config_empty": lambda path, canary: build.write(path, config=b""),
    "config_a_list": lambda path, canary: build.write(path, config=b"- a"),
    "config_not_yaml": lambda path, canary: build.write(path, config=b"a: [1"),
    "config_not_utf8": lambda path, canary: build.write(path, config=b"a: \xff\xfe"),
    "config_leads_nowhere": lambda path, canary: build.write(path, config=b"a: ${b}"),
    **{f"cut_at_{number}_of_20": _part(number / 20) for number in range(1, 20)},
}
