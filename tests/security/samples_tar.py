"""Classes a to e: names, links, kinds, twins and bombs in the tar itself."""

from __future__ import annotations

import gzip
import tarfile
import unicodedata
import zlib

import torch

from tests.security import archives as build
from tests.security.archives import member, pax_record, raw_header, raw_member


def _named(name):
    return lambda path, canary: build.write(path, member(name.replace("CANARY", str(canary)), b"x"))


def _raw(*blocks):
    def make(path, canary):
        here = str(canary).encode()
        build.write_raw(path, *(block(here) if callable(block) else block for block in blocks))

    return make


def _member(name, data=b"", **attributes):
    return lambda path, canary: build.write(path, member(name, data, **attributes))


TRAVERSAL = {
    "parent": _named("../evil"),
    "parent_in_the_middle": _named("a/../../evil"),
    "absolute": _named("CANARY"),
    "double_slash": _named("//CANARY"),
    "backslash": _named("..\\evil"),
    "drive": _named("C:\\evil"),
    "drive_relative": _named("C:evil"),
    "nul": _raw(raw_member(b"x", pax_record("path", b"evil\0.yaml" + b"y" * 100), kind=b"x"), raw_member(b"e")),
    "one_dot_leaders": _named("\u2024\u2024/evil"),
    "fullwidth_dots_and_slash": _named("\uff0e\uff0e\uff0fevil"),
    "home": _named("~/evil"),
    "name_of_300_bytes": _named("x" * 300),
    "right_to_left_override": _named("evil\u202elmay.txt"),
    "dots_and_space": _named(".. /evil"),
}


def _link(name, target, kind=tarfile.SYMTYPE, then=None):
    def make(path, canary):
        folder = str(canary.parent)
        more = [member(then, b"x")] if then else []
        build.write(path, member(name, type=kind, linkname=target.replace("FOLDER", folder)), *more)

    return make


def _config_is_link(path, canary):
    members = build.benign_members()
    members[1] = member("./model_config.yaml", type=tarfile.SYMTYPE, linkname="/etc/hostname")
    path.write_bytes(build.tar_bytes(members))


LINKS = {
    "symbolic_absolute": _link("x", "/etc/passwd"),
    "symbolic_relative": _link("x", "../../x"),
    "symbolic_to_a_member": _link("x", "model_config.yaml"),
    "symbolic_to_a_folder": _link("x", "FOLDER"),
    "written_through": _link("x", "FOLDER", then="x/canary"),
    "hard_absolute": _link("x", "/etc/passwd", tarfile.LNKTYPE),
    "hard_to_a_member": _link("x", "./model_config.yaml", tarfile.LNKTYPE),
    "hard_written_through": _link("x", "FOLDER/canary", tarfile.LNKTYPE, then="x"),
    "config_is_a_link": _config_is_link,
    "long_link_name": _raw(raw_member(b"././@LongLink", b"/etc/" + b"x" * 200, kind=b"K"), raw_header(b"x", kind=b"2")),
    "regular_file_with_a_target": _raw(raw_header(b"x", link=b"/etc/passwd")),
}

KINDS = {
    "character_device": _member("x", type=tarfile.CHRTYPE),
    "block_device": _member("x", type=tarfile.BLKTYPE),
    "pipe": _member("x", type=tarfile.FIFOTYPE),
    "contiguous": _member("x", type=tarfile.CONTTYPE),
    "sparse": _raw(raw_header(b"x", kind=b"S")),
    "sparse_by_pax": _raw(raw_member(b"x", pax_record("GNU.sparse.realsize", b"9" * 12), kind=b"x"), raw_member(b"x")),
    "size_by_pax": _raw(raw_member(b"x", pax_record("size", b"9"), kind=b"x"), raw_member(b"x", b"y")),
    "set_user_id": _member("x", mode=0o4755),
    "set_group_id": _member("x", mode=0o2755),
    "sticky": _member("x", mode=0o1755),
    "volume": _raw(raw_header(b"x", kind=b"V")),
    "unknown": _raw(raw_header(b"x", kind=b"Z")),
    "folder_with_content": _raw(raw_member(b"x/", b"abc", kind=b"5")),
}


def _two(first, second):
    return lambda path, canary: build.write(path, member(first, b"1"), member(second, b"2"))


def _evil_weights_after(path, canary):
    build.write(path, member("./model_weights.ckpt", b"evil"))


def _two_tars(path, canary):
    build.write(path)
    path.write_bytes(path.read_bytes() + path.read_bytes())


def _two_gzips(path, canary):
    build.write(path)
    path.write_bytes(gzip.compress(path.read_bytes()) * 2)


def _global_header(path, canary):
    record = raw_member(b"x", pax_record("path", b"./model_config.yaml"), kind=b"g")
    build.write(path)
    path.write_bytes(record + path.read_bytes())


TWINS = {
    "weights_twice": _evil_weights_after,
    "config_twice": _member("./model_config.yaml", build.config_text()),
    "without_dot": _member("model_config.yaml", build.config_text()),
    "with_folders_of_dots": _member("././model_config.yaml", build.config_text()),
    "other_case": _member("./MODEL_config.yaml", build.config_text()),
    "decomposed": _two("na\u00efve.txt", unicodedata.normalize("NFD", "na\u00efve.txt")),
    "sharp_s": _two("stra\u00dfe", "STRASSE"),
    "fullwidth": _member("./\uff4dodel_config.yaml", b"x"),
    "file_and_folder": _two("a", "a/b"),
    "renamed_by_pax": _raw(
        raw_member(b"x", pax_record("path", b"model_config.yaml"), kind=b"x"), raw_member(b"x", b"y")
    ),
    "renamed_by_long_name": _raw(
        raw_member(b"././@LongLink", b"model_config.yaml\0", kind=b"L"), raw_member(b"x", b"y")
    ),
    "global_header": _global_header,
    "second_archive_behind": _two_tars,
    "second_gzip_behind": _two_gzips,
    "archive_inside": lambda path, canary: build.write(path, member("x", build.tar_bytes(build.benign_members()))),
}


def _config(text):
    return lambda path, canary: build.write(path, config=text())


def _state(data):
    return lambda path, canary: build.write(path, state=data())


def _zeros_gzip(path, canary):
    packer = zlib.compressobj(6, wbits=31)
    header = packer.compress(raw_header(b"x", size=80 * 2**20))
    path.write_bytes(header + b"".join(packer.compress(bytes(2**20)) for _ in range(81)) + packer.flush())


def _levels(make, first):
    lines = [f"a0: {first}"] + [f"a{n}: {make(n)}" for n in range(1, 12)]
    return ("\n".join(lines)).encode()


def _link_to(number):
    return "${a" + str(number) + "}"


def _expanded():
    from io import BytesIO

    file = BytesIO()
    torch.save({"part.weight": torch.zeros(1).expand(2**20, 2**12)}, file)
    return file.getvalue()


BOMBS = {
    "gzip_of_zeros": _zeros_gzip,
    "eleven_thousand_members": lambda path, canary: build.write_raw(
        path, *(raw_header(b"x%d" % number) for number in range(11_000))
    ),
    "huge_sparse": _raw(raw_header(b"x", size=0, kind=b"S")),
    "yaml_aliases": _config(lambda: _levels(lambda n: f"&a{n} [{', '.join([f'*a{n - 1}'] * 10)}]", "&a0 [x, x]")),
    "yaml_merges": _config(
        lambda: _levels(lambda n: f"&a{n} {{<<: *a{n - 1}, x{n}: [{', '.join([f'*a{n - 1}'] * 9)}]}}", "&a0 {x: 1}")
    ),
    "yaml_interpolations": _config(
        lambda: _levels(lambda n: "[" + ", ".join([f'"{_link_to(n - 1)}"'] * 10) + "]", "[x]")
    ),
    "yaml_texts": _config(lambda: _levels(lambda n: '"' + _link_to(n - 1) * 10 + '"', "xxxxxxxxxx")),
    "yaml_depth": _config(lambda: b"a: " + b"[" * 100_000),
    "yaml_of_200000_values": _config(lambda: b"a: [" + b"1," * 200_000 + b"]"),
    "yaml_of_11_mb": _config(lambda: b"a: " + b"x" * (11 * 2**20)),
    "yaml_itself": _config(lambda: b"a: &a [*a]"),
    "safetensors_of_120000_entries": _state(lambda: build.safetensors_bytes(120_000)),
    "pickle_memo": _state(lambda: build.torch_zip(b"\x80\x02}r\xff\xff\xff\x7f.")),
    "compressed_zip": _state(lambda: build.torch_zip(b"\x80\x02}." + b"\0" * 2**20, compression=8)),
    "expanded_tensor": _state(_expanded),
}
