"""``nemo export model.nemo model.onnx``: a model as files that run without this toolkit."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

DESCRIPTION = """\
Writes a model as ONNX (.onnx) or TorchScript (.ts, .pt). A model of several networks gives several files, such as
encoder-model.onnx and decoder_joint-model.onnx. Where the output is a folder, it gets all that onnx-asr and
sherpa-onnx need to recognise speech: model, vocabulary, properties.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand."""
    parser = commands.add_parser(
        "export", help="a model as ONNX or TorchScript", description=DESCRIPTION, formatter_class=argparse.HelpFormatter
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes; `scripts/export.py` takes the same."""
    parser.add_argument("source", type=Path, help="a .nemo file")
    parser.add_argument("out", type=Path, help="name.onnx, name.ts, or a folder for speech recognition")
    parser.add_argument("--int8", action="store_true", help="also a copy with matrix products in 8-bit integers")
    parser.add_argument("--cache_support", action="store_true", help="an encoder that reads streams, with its caches")
    parser.add_argument(
        "--export-config", action="append", default=[], metavar="KEY=VALUE", help="an option of the model's export"
    )
    parser.add_argument("--runtime-check", action="store_true", help="compare the files' outputs with PyTorch's")
    parser.add_argument("--check-tolerance", type=float, default=1e-3, help="for --runtime-check")
    parser.add_argument("--onnx-opset", type=int, help="version of ONNX's operators")
    parser.add_argument("--max-batch", type=int, help="batch of the example that is traced")
    parser.add_argument("--max-dim", type=int, help="length of the example that is traced")
    parser.add_argument("--verbose", action="store_true", help="show what the exporter does")


def run(chosen: argparse.Namespace) -> int:
    """Restores the model and writes the files; prints their names."""
    from nemo.core.classes.model_pt import ModelPT

    model: Any = ModelPT.restore_from(str(chosen.source), map_location="cpu")
    _check_exportable(model, chosen.source)
    options = dict(option.split("=", 1) for option in chosen.export_config)
    if chosen.cache_support:
        options["cache_support"] = "true"
    if options:
        model.set_export_config(options)
    for file in _write(model, chosen):
        print(file)
    return 0


def _check_exportable(model: Any, source: Path) -> None:
    """Refuses a model without an export.

    Raises:
        ExportError: names its class, and those of its parts that can be exported.
    """
    from nemo.core.classes.exportable import Exportable
    from nemo.utils.exceptions import ExportError

    if isinstance(model, Exportable):
        return
    parts = [name for name, part in model.named_children() if isinstance(part, Exportable)]
    parts_say = f", or export its parts from Python, model.{parts[0]}.export(FILE): {', '.join(parts)}" if parts else ""
    raise ExportError(
        f"{source} is a {type(model).__name__}, which has no export. Expected a model of a class that docs/export.md "
        f"lists, such as EncDecCTCModel, FastPitchModel or HifiGanModel; use this one with the toolkit{parts_say}."
    )


def _write(model: Any, chosen: argparse.Namespace) -> list[Path]:
    if not chosen.out.suffix:
        from nemo.collections.asr.inference.onnx_folder import export_onnx_folder

        return export_onnx_folder(model, chosen.out, int8=chosen.int8, streaming=chosen.cache_support)
    example = None
    if chosen.max_batch or chosen.max_dim:
        sizes = {"max_batch": chosen.max_batch, "max_dim": chosen.max_dim}
        example = model.input_module.input_example(**{name: size for name, size in sizes.items() if size})
    names, _ = model.export(
        str(chosen.out),
        input_example=example,
        verbose=chosen.verbose,
        onnx_opset_version=chosen.onnx_opset,
        check_trace=chosen.runtime_check,
        check_tolerance=chosen.check_tolerance,
    )
    files = [Path(name) for name in names]
    if chosen.int8:
        from nemo.core.classes.onnx_files import quantize_onnx

        files += [quantize_onnx(file) for file in files if file.suffix == ".onnx"]
    return files
