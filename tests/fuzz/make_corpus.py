"""Makes the inputs that fuzzing begins with: ``python -m tests.fuzz.make_corpus``. Small ones, one of each kind."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from omegaconf import OmegaConf
from safetensors.torch import save

from tests.fuzz.targets import CORPUS
from tests.security import archives as build
from tests.security.samples_benign import saved


def tars() -> dict[str, bytes]:
    parts = [build.member("./model_config.yaml", b"a: 1\n"), build.member("./model_weights.ckpt", b"weights")]
    long = build.member("./" + "n" * 130, b"x")
    whole = {
        "ustar": build.tar_bytes(parts, tarfile.USTAR_FORMAT),
        "gnu_long": build.tar_bytes([*parts, long], tarfile.GNU_FORMAT),
        "pax_long": build.tar_bytes([*parts, long], tarfile.PAX_FORMAT),
        "link": build.tar_bytes([build.member("x", type=tarfile.SYMTYPE, linkname="/etc/passwd")]),
        "traversal": build.tar_bytes([build.member("../x", b"1")]),
    }
    short = {name: data.rstrip(b"\0") for name, data in whole.items()}
    kept = {name: data + bytes(-len(data) % 512 + 1024) for name, data in short.items()}
    return kept | {"gzip": gzip.compress(kept["ustar"], mtime=0), "empty": b""}


def configs() -> dict[str, bytes]:
    return {
        "usual": build.config_text(),
        "interpolations": b"a: {b: 1}\nc: ${a.b}\nd: 'x-${c}'\ne: [1, '${.0}']\n",
        "anchors": b"a: &a [1, 2]\nb: *a\nc: {<<: &m {x: 1}, y: 2}\n",
        "tags": b"a: !!python/object/apply:os.system [x]\nb: !!str 1\n",
        "targets": b"a: {_target_: os.system}\nb: {cls: torch.nn.Linear, params: {in_features: 1}}\ntarget: nemo.x.Y\n",
        "kinds": b"a: 1e-4\nb: .nan\nc: ~\nd: 'x'\ne: |\n  text\n  more\nf: 0x1F\ng: 12:30\nh: !!float 1\n? k\n: v\n",
    }


def manifests() -> dict[str, bytes]:
    line = b'{"audio_filepath": "a.wav", "duration": 1.5, "text": "yes", "offset": 0.1, "lang": "en"}\n'
    return {
        "usual": line * 2,
        "marks": b"\xef\xbb\xbf" + line.replace(b"\n", b"\r\n\r\n"),
        "gzip": gzip.compress(line, mtime=0),
        "kinds": b'{"audio_filepath": ["a", "b"], "duration": NaN}\n{"duration": -1, "duration": 1e999}\n[]\nnull\n',
        "escapes": b'{"audio_filepath": "\\ud83d\\ude42\\u0000", "duration": "1", "text": null, "x": {"y": [[1]]}}\n',
    }


def wavs() -> dict[str, bytes]:
    found = {}
    for name, subtype, channels in (
        ("pcm16", "PCM_16", 1), ("pcm24", "PCM_24", 2), ("pcm8", "PCM_U8", 1), ("float", "FLOAT", 1), ("law", "ULAW", 1)
    ):  # fmt: skip
        file = io.BytesIO()
        soundfile.write(file, np.linspace(-0.5, 0.5, 40 * channels).reshape(40, channels), 8000, subtype, format="WAV")
        found[name] = file.getvalue()
    chunk = b"LIST" + struct.pack("<I", 4) + b"INFO"
    found["more_chunks"] = found["pcm16"][:12] + chunk + found["pcm16"][12:]
    found["rf64"] = b"RF64" + found["pcm16"][4:]
    return found


def weights() -> dict[str, bytes]:
    state = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1, 2]), "c": torch.zeros(0)}
    config = OmegaConf.create({"a": 1, "b": ["${a}"]})
    found = {
        "torch": saved(state),
        "bfloat16": saved({"a": torch.ones(2, dtype=torch.bfloat16), "t": torch.ones(2, 3).t()}),
        "checkpoint": saved(
            {"state_dict": state, "hyper_parameters": {"cfg": config}, "epoch": 3, "x": {1, 2.5, None}}
        ),
        "legacy": saved(state, _use_new_zipfile_serialization=False),
        "safetensors": save(state, metadata={"format": "pt", "tied": '{"d":"b"}'}),
        "code": build.torch_zip(b"\x80\x02cos\nsystem\n(X\x04\0\0\0truetR."),
    }
    return {name: _without_padding(data) if data[:2] == b"PK" else data for name, data in found.items()}


def _without_padding(data: bytes) -> bytes:
    """`torch.save` aligns records by fields of hundreds of zeros, in which a fuzzer would lose its time."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name), source.read(name))
    return file.getvalue()


def main() -> None:
    """Writes all inputs."""
    kinds = {"tar": tars(), "config": configs(), "manifest": manifests(), "wav": wavs(), "weights": weights()}
    for kind, inputs in kinds.items():
        folder = Path(CORPUS) / kind
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
