"""What an exported file is told of names and open axes, and how results are compared."""

import pytest
import torch
from torch import nn

from nemo.core.classes.exporters import TracedCall, compare, flat_tensors, open_axes, port_names
from nemo.core.neural_types import AxisKind, AxisType, ChannelType, LengthsType, NeuralType
from nemo.utils.exceptions import ExportError

TYPES = {
    "x": NeuralType(("B", "D", "T"), ChannelType()),
    "image": NeuralType(("B", "C", "H", "W"), ChannelType()),
    "states": [NeuralType(("D", "B", "D"), ChannelType())],
    "fixed": NeuralType([AxisType(AxisKind.Batch, 4), AxisType(AxisKind.Any)], ChannelType()),
    "listed": NeuralType([AxisType(AxisKind.Batch, is_list=True), AxisType(AxisKind.Time)], LengthsType()),
    "anything": NeuralType(),
}


def test_open_axes_are_those_that_are_not_built_into_weights():
    assert open_axes(TYPES, {name: name for name in TYPES}) == {
        "x": {0: "batch", 2: "x_time"},
        "image": {0: "batch", 2: "image_height", 3: "image_width"},
        "fixed": {1: "fixed_any"},
        "listed": {0: "listed_time"},
    }


def test_open_axes_go_by_the_name_in_the_file():
    assert open_axes(TYPES, {"x": "x_out"}) == {"x_out": {0: "batch", 2: "x_out_time"}}
    assert open_axes(None, {"x": "x"}) == {}


def test_names_leave_out_the_disabled_and_keep_the_order():
    assert port_names(TYPES, {"image", "states", "anything"}) == ["x", "fixed", "listed"]
    assert port_names(None, set()) == []


def test_traced_call_takes_tensors_and_holds_the_rest_constant():
    def call(a, scale, pair, *, shift=None):
        return a * scale + pair[0] - pair[1] + shift

    ones = torch.ones(2)
    traced = TracedCall(nn.Linear(2, 2), call, (ones, 3, [ones, ones], {"shift": ones}))
    assert len(flat_tensors(traced.tensors)) == 4
    assert torch.equal(traced(ones * 2, [ones, ones * 0], ones * 5), ones * 12)
    assert set(traced.state_dict()) == {"weight", "bias"}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([torch.zeros(2)], "gives 1 outputs, but PyTorch gives 2"),
        ([torch.zeros(2), torch.zeros(3)], r"output 1 of m\.onnx .* shape is \[3\], not \[2\]"),
        ([torch.full((2,), 0.5), torch.zeros(2)], "output 0 .* by up to 0.5; allowed is 0.1"),
    ],
)
def test_differing_results_are_told(found, message):
    with pytest.raises(ExportError, match=message):
        compare(found, [torch.zeros(2), torch.zeros(2)], 0.1, "m.onnx")


def test_results_within_the_tolerance_pass():
    compare([torch.full((2,), 1.05)], [torch.ones(2, dtype=torch.float64)], 0.1, "m.onnx")
