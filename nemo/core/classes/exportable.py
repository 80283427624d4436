"""Modules and models that are exported to run without Python: ONNX and TorchScript."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nemo.core.classes import exporters
from nemo.core.classes.exporters import TracedCall
from nemo.core.classes.onnx_files import add_metadata
from nemo.core.classes.type_checking import typecheck
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ExportError

logger = logging.getLogger(__name__)

DEFAULT_OPSET = 16


class ExportFormat(Enum):
    """The kinds of files that `export` writes."""

    ONNX = 1
    TORCHSCRIPT = 2


FORMAT_OF_SUFFIX = {".onnx": ExportFormat.ONNX, ".pt": ExportFormat.TORCHSCRIPT, ".ts": ExportFormat.TORCHSCRIPT}


class Exportable:
    """Gives a module `export`.

    A module that needs other inputs or another way when it is deployed overrides the hooks below; a method
    `forward_for_export` is traced instead of `forward`. A model of several networks that run one after another names
    them in :meth:`list_export_subnets`, each becomes a file of its own.
    """

    __jit_unused_properties__ = [
        "disabled_deployment_input_names",
        "disabled_deployment_output_names",
        "input_module",
        "input_names",
        "input_types_for_export",
        "output_module",
        "output_names",
        "output_types_for_export",
        "properties_for_export",
    ]

    @property
    def input_module(self) -> Any:
        """The part whose inputs the exported file takes."""
        return self

    @property
    def output_module(self) -> Any:
        """The part whose outputs the exported file gives."""
        return self

    @property
    def input_types_for_export(self) -> dict[str, Any] | None:
        """Name -> neural type of what the exported file takes."""
        return _types_of(self.input_module, self, "input_types")

    @property
    def output_types_for_export(self) -> dict[str, Any] | None:
        """Name -> neural type of what the exported file gives."""
        return _types_of(self.output_module, self, "output_types")

    @property
    def disabled_deployment_input_names(self) -> set[str]:
        """Declared inputs that the exported file does not take."""
        return _disabled_by(self.input_module, self, "disabled_deployment_input_names")

    @property
    def disabled_deployment_output_names(self) -> set[str]:
        """Declared outputs that the exported file does not give."""
        return _disabled_by(self.output_module, self, "disabled_deployment_output_names")

    @property
    def input_names(self) -> list[str]:
        """Names of the exported file's inputs, in order."""
        return exporters.port_names(self.input_types_for_export, self.disabled_deployment_input_names)

    @property
    def output_names(self) -> list[str]:
        """Names of the exported file's outputs, in order."""
        return exporters.port_names(self.output_types_for_export, self.disabled_deployment_output_names)

    @property
    def properties_for_export(self) -> dict[str, object]:
        """Names and values that an ONNX file notes for the programs that run it."""
        return {}

    def list_export_subnets(self) -> list[str]:
        """Attributes that are exported one by one; `self` is the whole."""
        return ["self"]

    def get_export_subnet(self, subnet: str | None = None) -> Any:
        """The part of that name; the whole for None and `self`."""
        return self if subnet in (None, "self") else getattr(self, str(subnet))

    def get_export_config(self) -> dict[str, Any]:
        """Options of the export, set by :meth:`set_export_config`."""
        config: dict[str, Any] = self.__dict__.setdefault("_export_config", {})
        return config

    def set_export_config(self, args: dict[str, Any]) -> None:
        """Adds to the options of the export, which a model's own hooks read: `{"decoder_type": "ctc"}`."""
        self.get_export_config().update(args)

    def _prepare_for_export(self, **kwargs: Any) -> None:
        """Called before tracing with the arguments of `export`; for changes that an exported module needs."""

    def _export_teardown(self) -> None:
        """Called after the export, also when it failed; takes back what :meth:`_prepare_for_export` did."""

    def export(
        self,
        output: str | os.PathLike[str],
        input_example: Any = None,
        verbose: bool = False,
        do_constant_folding: bool = True,
        onnx_opset_version: int | None = None,
        check_trace: bool | Sequence[Any] = False,
        dynamic_axes: dict[str, Any] | None = None,
        check_tolerance: float = 0.01,
        export_modules_as_functions: Any = False,
        keep_initializers_as_inputs: bool | None = None,
    ) -> tuple[list[str], list[str]]:
        """Writes the module to files that run without this toolkit.

        Unlike the original, which leaves the module in evaluation mode without gradients, everything is afterwards as
        it was: mode, gradients, type checks. A file is complete and checked before it takes its name.

        Args:
            output: `name.onnx`, or `name.pt` and `name.ts` for TorchScript. A part goes to `<part>-name.onnx`.
            input_example: the arguments to trace with, a tuple whose last element may be a dict of keyword
                arguments; None: `input_module.input_example()`.
            verbose: show what the exporter does.
            do_constant_folding: compute constant parts of an ONNX graph beforehand.
            onnx_opset_version: version of ONNX's operators; None: 16.
            check_trace: compare the file's outputs with PyTorch's, on the example, or on the examples given here.
            dynamic_axes: input or output name -> numbers of the axes whose size stays open; None: batch, time, width
                and height of the neural types.
            check_tolerance: allowed difference for `check_trace`, relative and absolute.
            export_modules_as_functions: ONNX only; classes of submodules that become functions of the file.
            keep_initializers_as_inputs: ONNX only; weights are also inputs.

        Returns:
            The files, and for each a description.

        Raises:
            ExportError: the suffix is unknown, there is no example, a part is not Exportable, or the check failed.
            MissingDependencyError: ONNX without the extra `export`.
        """
        options = {
            "verbose": verbose,
            "do_constant_folding": do_constant_folding,
            "opset": onnx_opset_version or DEFAULT_OPSET,
            "export_modules_as_functions": export_modules_as_functions,
            "keep_initializers_as_inputs": bool(keep_initializers_as_inputs),
        }
        kind = _format_of(Path(output))
        files, descriptions, example = [], [], input_example
        for name, part in self._exported_parts():
            path = _file_of_part(Path(output), name)
            result = part._export_one(path, example, check_trace, check_tolerance, dynamic_axes, options)
            # a part takes what the part before it gave, when the caller said what the first one takes
            example = None if input_example is None else result
            files.append(str(path))
            descriptions.append(f"{type(self).__name__}{'' if name == 'self' else '.' + name} exported to {kind.name}")
            logger.info("%s: %s", descriptions[-1], path)
        return files, descriptions

    def _exported_parts(self) -> list[tuple[str, Exportable]]:
        parts = [(name, self.get_export_subnet(name)) for name in self.list_export_subnets()]
        for name, part in parts:
            if not isinstance(part, Exportable):
                raise ExportError(
                    f"{type(self).__name__}.list_export_subnets() names {name!r}, a {type(part).__name__}, which is "
                    f"not Exportable. Derive its class from nemo.core.Exportable."
                )
        return parts

    def _export_one(
        self,
        path: Path,
        example: Any,
        check_trace: bool | Sequence[Any],
        check_tolerance: float,
        dynamic_axes: dict[str, Any] | None,
        options: dict[str, Any],
    ) -> Any:
        """Writes this module to one file; returns what it gave for the example."""
        kind = _format_of(path)
        if example is None:
            example = self._default_example()
        try:
            with _evaluating(self), typecheck.disable_checks(), torch.no_grad():
                self._prepare_for_export(output=str(path), input_example=example, dynamic_axes=dynamic_axes, **options)
                traced = self._traced(example)
                result = traced(*traced.tensors)
                with atomic_write(path) as temporary:
                    if kind is ExportFormat.ONNX:
                        count = len(exporters.flat_tensors(result))
                        named = {**options, "weights_name": f"{path.name}.data"}
                        self._write_onnx(traced, count, temporary, dynamic_axes, named)
                    else:
                        exporters.write_torchscript(traced, temporary, verbose=options["verbose"])
                    if check_trace:
                        examples = [example] if check_trace is True else check_trace
                        self._check(kind, temporary, path, examples, check_tolerance)
        finally:
            self._export_teardown()
        return result

    def _traced(self, example: Any) -> TracedCall:
        assert isinstance(self, nn.Module)
        return TracedCall(self, getattr(self, "forward_for_export", self.forward), example)

    def _names_of_inputs(self, traced: TracedCall) -> list[str]:
        return exporters.names_for(self.input_names, len(exporters.flat_tensors(traced.tensors)), "input")

    def _default_example(self) -> Any:
        module = self.input_module
        example = module.input_example() if hasattr(module, "input_example") else None
        if example is None:
            raise ExportError(
                f"{type(self).__name__} cannot be traced without an example of its inputs. Pass input_example=(...), "
                f"or let {type(module).__name__}.input_example() return one."
            )
        return example

    def _write_onnx(
        self, traced: TracedCall, output_count: int, path: Path, dynamic_axes: dict[str, Any] | None, options: Any
    ) -> None:
        input_names = self._names_of_inputs(traced)
        declared = exporters.names_for(self.output_names, output_count, "output")
        # in a file a name stands for one value, so `lengths` that are both taken and given need two
        renamed = {name: f"{name}_out" if name in input_names else name for name in declared}
        if dynamic_axes is None:
            dynamic_axes = {
                **exporters.open_axes(self.input_types_for_export, {name: name for name in input_names}),
                **exporters.open_axes(self.output_types_for_export, renamed),
            }
        exporters.write_onnx(
            traced,
            path,
            input_names=input_names,
            output_names=list(renamed.values()),
            dynamic_axes=dynamic_axes,
            **options,
        )
        if self.properties_for_export:
            add_metadata(path, self.properties_for_export)

    def _check(self, kind: ExportFormat, file: Path, path: Path, examples: Sequence[Any], tolerance: float) -> None:
        for example in examples:
            traced = self._traced(example)
            expected = exporters.flat_tensors(traced(*traced.tensors))
            if kind is ExportFormat.ONNX:
                tensors = exporters.flat_tensors(traced.tensors)
                found = exporters.run_onnx(file, dict(zip(self._names_of_inputs(traced), tensors, strict=True)))
            else:
                found = exporters.run_torchscript(file, traced.tensors)
            if found is not None:
                exporters.compare(found, expected, tolerance, str(path))


@contextlib.contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """Evaluation mode inside the block; afterwards each submodule has its own mode again."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _types_of(part: Any, whole: Exportable, attribute: str) -> dict[str, Any] | None:
    """The types that a part declares for its own export, or in general."""
    types: dict[str, Any] | None = getattr(part, attribute, None)
    return types if part is whole else getattr(part, f"{attribute}_for_export", types)


def _disabled_by(part: Any, whole: Exportable, attribute: str) -> set[str]:
    return set() if part is whole else set(getattr(part, attribute, ()))


def _format_of(path: Path) -> ExportFormat:
    if path.suffix.lower() not in FORMAT_OF_SUFFIX:
        raise ExportError(
            f"{path} has the suffix {path.suffix!r}, which no export format has. Use one of: "
            f"{', '.join(FORMAT_OF_SUFFIX)} (ONNX, TorchScript)."
        )
    return FORMAT_OF_SUFFIX[path.suffix.lower()]


def _file_of_part(path: Path, part: str) -> Path:
    return path if part == "self" else path.with_name(f"{part}-{path.name}")
