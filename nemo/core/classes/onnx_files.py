"""What is done to a finished ONNX file: smaller weights, and notes for programs that run it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nemo.utils.atomic import atomic_write
from nemo.utils.optional import require

LARGEST_FILE = 2**31 - 2**20
"""Bytes of the largest ONNX file: a limit of its format, protobuf."""


def quantize_onnx(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    operators: Sequence[str] = ("MatMul",),
) -> Path:
    """Writes a copy of an ONNX file whose matrix products are computed in 8-bit integers.

    The weights are rounded once, a scale for each column; inputs are rounded as they come (dynamic quantisation), so
    that no data is needed. Convolutions stay as they are: onnxruntime computes them slower in integers.

    Args:
        path: the file.
        output: where the copy goes; None: beside it, `model.onnx` becomes `model.int8.onnx`.
        operators: the kinds of ONNX operators that change.

    Returns:
        The copy.

    Raises:
        MissingDependencyError: onnxruntime is not installed.
    """
    quantization = require("onnxruntime.quantization", extra="export", purpose="int8 quantisation")
    path = Path(path)
    output = path.with_suffix(".int8.onnx") if output is None else Path(output)
    with atomic_write(output) as temporary:
        quantization.quantize_dynamic(
            path,
            temporary,
            op_types_to_quantize=list(operators),
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
        )
    return output


def save_onnx(model: Any, path: Path, weights_name: str) -> None:
    """Writes an ONNX model; where one file cannot hold it, its weights go to one other file beside `path`.

    Args:
        model: a `ModelProto`.
        path: the file.
        weights_name: name of the other file, which is written whole or not at all.
    """
    onnx = require("onnx", extra="export", purpose="writing ONNX files")
    if model.ByteSize() <= LARGEST_FILE:
        onnx.save(model, os.fspath(path))
        return
    with atomic_write(path.with_name(weights_name)) as weights:
        weights.unlink()  # onnx would append to it
        onnx.save(model, os.fspath(path), save_as_external_data=True, location=weights.name)
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                entry.value = weights_name if entry.key == "location" else entry.value
        onnx.save(model, os.fspath(path))


def add_metadata(path: str | os.PathLike[str], values: Mapping[str, object]) -> None:
    """Adds names and values to the properties of an ONNX file, which runtimes hand to programs."""
    onnx = require("onnx", extra="export", purpose="writing ONNX files")
    model = onnx.load(os.fspath(path))
    known = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, known | {name: str(value) for name, value in values.items()})
    with atomic_write(Path(path)) as temporary:
        save_onnx(model, temporary, f"{Path(path).name}.data")
