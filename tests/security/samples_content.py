"""Classes k and l: files that a config asks for, and archives that are not what they should be."""

from __future__ import annotations

import zipfile

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


WRONG = {
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
