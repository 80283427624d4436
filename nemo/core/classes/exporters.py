"""Writes one traced module as an ONNX or TorchScript file, and holds the file to what PyTorch computes.

PyTorch's older, TorchScript-based ONNX exporter is used on purpose: with torch 2.13 the newer one (`dynamo=True`)
cannot write opset 16 when there is a layer normalization, bakes the traced length into the output shape of an LSTM, and
takes ten times as long; on the same modules the older one was right for other batch sizes and lengths.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nemo.core.classes.onnx_files import save_onnx
from nemo.core.neural_types import AxisKind, AxisType, NeuralType
from nemo.utils.exceptions import ExportError
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

# A dimension of features or channels is built into the weights; these are not. `Any` may be either: leave it open.
OPEN_AXES = frozenset({AxisKind.Batch, AxisKind.Time, AxisKind.Width, AxisKind.Height, AxisKind.Sequence, AxisKind.Any})


class TracedCall(nn.Module):
    """One call of a module in the form that tracers take: tensors by position, everything else held constant.

    It has the module's own parameters and submodules under their own names, which so become the names in the file.

    Args:
        module: the module that is exported.
        call: its method to trace.
        example: the arguments; a dict in the last place holds keyword arguments.
    """

    def __init__(self, module: nn.Module, call: Callable[..., Any], example: Any) -> None:
        super().__init__()
        self._parameters, self._buffers, self._modules = module._parameters, module._buffers, module._modules
        positional = list(example) if isinstance(example, (list, tuple)) else [example]
        keywords = positional.pop() if positional and isinstance(positional[-1], dict) else {}
        values = [*positional, *keywords.values()]
        places = [place for place, value in enumerate(values) if _holds_tensor(value)]
        self.tensors = tuple(values[place] for place in places)

        def run(*tensors: Any) -> Any:
            filled = list(values)
            for place, value in zip(places, tensors, strict=True):
                filled[place] = value
            by_position = len(positional)
            return call(*filled[:by_position], **dict(zip(keywords, filled[by_position:], strict=True)))

        self._run = run
        self.eval()

    def forward(self, *tensors: Any) -> Any:
        """What the module's method returns for these tensors."""
        return self._run(*tensors)


def write_onnx(
    traced: TracedCall,
    path: Path,
    *,
    weights_name: str,
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic_axes: Mapping[str, Any],
    opset: int,
    verbose: bool,
    do_constant_folding: bool,
    export_modules_as_functions: Any,
    keep_initializers_as_inputs: bool,
) -> None:
    """Writes an ONNX file and has ONNX's checker look at it; above 2 GB the weights go to `weights_name` beside it.

    Raises:
        MissingDependencyError: the package `onnx` is not installed.
    """
    onnx = require("onnx", extra="export", purpose="exporting to ONNX")
    with _torchs_own_warnings_ignored(), tempfile.TemporaryDirectory(dir=path.parent) as folder:
        written = Path(folder) / "model.onnx"
        torch.onnx.export(
            traced,
            traced.tensors,
            written,
            input_names=list(input_names),
            output_names=list(output_names),
            dynamic_axes=dict(dynamic_axes),
            opset_version=opset,
            verbose=verbose,
            do_constant_folding=do_constant_folding,
            export_modules_as_functions=export_modules_as_functions,
            keep_initializers_as_inputs=keep_initializers_as_inputs,
            dynamo=False,
        )
        if len(list(Path(folder).iterdir())) == 1:
            os.replace(written, path)
        else:  # above 2 GB the exporter writes a file for each weight
            save_onnx(onnx.load(str(written)), path, weights_name)
    onnx.checker.check_model(str(path))


def write_torchscript(traced: TracedCall, path: Path, *, verbose: bool) -> None:
    """Writes a TorchScript file, which `torch.jit.load` opens without this toolkit."""
    with _torchs_own_warnings_ignored():
        scripted = torch.jit.trace(traced, traced.tensors, check_trace=False)
        if verbose:
            logger.info("TorchScript code:\n%s", scripted.code)
        with open(path, "wb") as file:  # a full disk is an OSError here; TorchScript's own writer hides it
            torch.jit.save(scripted, file)


def run_onnx(path: Path, inputs: Mapping[str, Tensor]) -> list[Tensor] | None:
    """What onnxruntime computes from the file on the CPU; None, with a warning, where it is not installed."""
    try:
        runtime = require("onnxruntime", extra="export", purpose="checking an exported ONNX file")
    except ImportError as error:
        logger.warning("The exported file was not compared with PyTorch: %s", error)
        return None
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    taken = {port.name for port in session.get_inputs()}  # an input that the graph does not use may be missing
    results = session.run(None, {name: inputs[name].detach().cpu().numpy() for name in inputs if name in taken})
    return [torch.as_tensor(result) for result in results]


def run_torchscript(path: Path, inputs: Sequence[Any]) -> list[Tensor]:
    """What the saved TorchScript file computes."""
    with _torchs_own_warnings_ignored():
        return flat_tensors(torch.jit.load(str(path))(*inputs))


def compare(found: Sequence[Tensor], expected: Sequence[Tensor], tolerance: float, what: str) -> None:
    """Holds the outputs of an exported file to those of PyTorch.

    Args:
        found: outputs of the file.
        expected: outputs of the module.
        tolerance: allowed difference, relative and absolute.
        what: the file, for the message.

    Raises:
        ExportError: they differ.
    """
    if len(found) != len(expected):
        raise ExportError(f"{what} gives {len(found)} outputs, but PyTorch gives {len(expected)}.")
    for number, (ours, reference) in enumerate(zip(found, expected, strict=True)):
        reference = reference.detach().cpu()
        fits = ours.shape == reference.shape and torch.allclose(
            ours.to(reference.dtype), reference, rtol=tolerance, atol=tolerance
        )
        if not fits:
            raise ExportError(
                f"output {number} of {what} differs from PyTorch: {_difference(ours, reference)}; allowed is "
                f"{tolerance}. Look for Python conditions and numbers that depend on the input's values or length: "
                f"tracing keeps those of the example. Or pass a larger check_tolerance. No file was written."
            )


def flat_tensors(value: Any) -> list[Tensor]:
    """The tensors in nested lists, tuples and dicts, in order; other objects are left out."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for element in value for tensor in flat_tensors(element)]
    return []


def port_names(types: Mapping[str, Any] | None, disabled: Sequence[str] | set[str]) -> list[str]:
    """Names of the declared inputs or outputs, without those that a deployment leaves out."""
    return [name for name in types or {} if name not in disabled]


def names_for(names: Sequence[str], count: int, stem: str) -> list[str]:
    """`count` names: the declared ones, and `<stem>_<number>` for tensors beyond them."""
    return [*names[:count], *(f"{stem}_{number}" for number in range(len(names), count))]


def open_axes(types: Mapping[str, Any] | None, names: Mapping[str, str]) -> dict[str, dict[int, str]]:
    """The axes whose size an exported file leaves open, from neural types.

    Args:
        types: declared name -> neural type.
        names: declared name -> name in the file.

    Returns:
        Name in the file -> number of the axis -> its label. Batch axes share one label, others have their own, since
        the same kind of axis has another size at each port (a subsampled time).
    """
    axes: dict[str, dict[int, str]] = {}
    for declared, name in names.items():
        neural_type = (types or {}).get(declared)
        if isinstance(neural_type, NeuralType) and neural_type.axes:
            tensor_axes = [axis for axis in neural_type.axes if not axis.is_list]
            axes[name] = {number: _label(axis, name) for number, axis in enumerate(tensor_axes) if _is_open(axis)}
    return axes


def _is_open(axis: AxisType) -> bool:
    return axis.size is None and axis.kind in OPEN_AXES


def _label(axis: AxisType, name: str) -> str:
    return str(axis.kind) if axis.kind is AxisKind.Batch else f"{name}_{axis.kind}"


def _holds_tensor(value: Any) -> bool:
    return bool(flat_tensors(value))


def _difference(ours: Tensor, reference: Tensor) -> str:
    if ours.shape != reference.shape:
        return f"its shape is {list(ours.shape)}, not {list(reference.shape)}"
    return f"by up to {(ours.double() - reference.double()).abs().max():.3g}"


@contextlib.contextmanager
def _torchs_own_warnings_ignored() -> Iterator[None]:
    """Hides what PyTorch says about its own code; a warning about a module's code (a traced condition) still shows."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"torch(\.|$)")
        warnings.filterwarnings("ignore", message=r"(?s).*legacy TorchScript-based ONNX export.*")
        warnings.filterwarnings("ignore", message=r"(?s).*torch\.jit\..* is (deprecated|not supported).*")
        yield
