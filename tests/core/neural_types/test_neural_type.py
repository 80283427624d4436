"""NeuralType: construction, text, and the recorded comparison table of the original."""

import copy
import gzip
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import nemo.core.neural_types as neural_types
from nemo.core.neural_types import (
    AudioSignal,
    AxisKind,
    AxisType,
    ChannelType,
    LengthsType,
    LogitsType,
    MelSpectrogramType,
    NeuralPortNameMismatchError,
    NeuralPortNmTensorMismatchError,
    NeuralType,
    NeuralTypeComparisonResult,
    NeuralTypeError,
    SpectrogramType,
    VoidType,
)

TRACE = Path(__file__).parents[2] / "data" / "traces" / "neural_types.json.gz"
RECORDED = json.loads(gzip.decompress(TRACE.read_bytes()))
Result = NeuralTypeComparisonResult


def _recorded_type(row):
    name, _, argument = row["element"].rstrip(")").partition("(freq=")
    element = getattr(neural_types, name)(*([int(argument)] if argument else []))
    return NeuralType(row["axes"] and [_recorded_axis(axis) for axis in row["axes"]], element, row["optional"])


def _recorded_axis(text):
    if ":" not in text:
        return text
    kind, size, is_list = text.split(":")
    return AxisType(AxisKind[kind], None if size == "None" else int(size), is_list == "list")


def test_compare_gives_the_recorded_result_for_every_pair():
    types = [_recorded_type(row) for row in RECORDED["types"]]
    found = [[first.compare(second).name for second in types] for first in types]
    assert found == RECORDED["compare"]


def test_text_is_the_recorded_one():
    assert [str(_recorded_type(row)) for row in RECORDED["types"]] == RECORDED["reprs"]


def test_results_and_kinds_have_the_recorded_names_in_order():
    assert [result.name for result in Result] == RECORDED["results"]
    assert [result.value for result in Result] == list(range(9))
    assert [kind.name for kind in AxisKind] == RECORDED["axis_kinds"]


def test_repr_names_axes_and_elements():
    assert repr(NeuralType(("B", "T"), LogitsType())) == "NeuralType(axis=(batch, time), element_type=LogitsType)"
    assert repr(NeuralType(tuple("B"), LengthsType(), optional=True)) == (
        "NeuralType(axis=(batch,), element_type=LengthsType, optional=True)"
    )


def test_defaults_are_any_axes_and_void():
    anything = NeuralType()
    assert anything.axes is None
    assert isinstance(anything.elements_type, VoidType)
    assert anything.optional is False


def test_class_instead_of_instance_is_refused_and_the_mend_is_named():
    with pytest.raises(ValueError, match=r"Write LengthsType\(\)"):
        NeuralType(("B",), LengthsType)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ((AxisType(AxisKind.Batch), "T"), "label 'T' follows an AxisType"),
        ((AxisType(AxisKind.Time), AxisType(AxisKind.Batch, is_list=True)), "list axis"),
        (("B", AxisType(AxisKind.Batch, is_list=True)), "list axis"),
        (("B", 3), "3 is a int"),
        (("B", "dimension"), "not the label"),
    ],
)
def test_bad_axes_are_refused(axes, message):
    with pytest.raises(ValueError, match=message):
        NeuralType(axes, ChannelType())


def test_any_axis_does_not_excuse_a_mismatch_before_it():
    # the original forgets the mismatch of the first axis here and answers SAME
    assert NeuralType(("B", "ANY"), ChannelType()).compare(NeuralType(("T", "D"), ChannelType())) is Result.INCOMPATIBLE


def test_sizes_decide_between_transposable_and_not():
    def sized(*pairs):
        return NeuralType([AxisType(kind, size) for kind, size in pairs], ChannelType())

    batch, time = AxisKind.Batch, AxisKind.Time
    assert sized((batch, 2), (time, 3)).compare(sized((time, 3), (batch, 2))) is Result.TRANSPOSE_SAME
    assert sized((batch, 2), (time, 3)).compare(sized((time, 9), (batch, 2))) is Result.DIM_INCOMPATIBLE
    assert sized((batch, None), (time, 3)).compare(sized((batch, 7), (time, 3))) is Result.SAME
    assert sized((batch, 7), (time, 3)).compare(sized((batch, None), (time, 3))) is Result.DIM_INCOMPATIBLE


def test_equality_is_a_boolean_and_agrees_with_the_hash():
    first, second = NeuralType(("B", "T"), AudioSignal()), NeuralType(("B", "T"), AudioSignal(8000), optional=True)
    other = NeuralType(("B", "T"), LogitsType())
    assert (first == second) is True
    assert hash(first) == hash(second)
    assert (first == other) is False
    assert (first != other) is True
    assert (NeuralType() == first) is False  # it accepts `first`, but `first` does not accept it
    assert first != "audio"
    assert other in [first, NeuralType(("B", "T"), LogitsType())]


def test_error_tells_class_port_expected_and_found():
    expected, found = NeuralType(("B", "T"), MelSpectrogramType()), NeuralType(("B", "T"), SpectrogramType())
    expected.compare_and_raise_error("Encoder", "x", NeuralType(("B", "T"), MelSpectrogramType()))
    found.compare_and_raise_error("Encoder", "x", expected)  # a kind of what is expected
    with pytest.raises(NeuralPortNmTensorMismatchError, match=r"Encoder .*'x'.*MelSpectrogramType.*LESS") as caught:
        expected.compare_and_raise_error("Encoder", "x", found)
    assert isinstance(caught.value, NeuralTypeError)
    assert isinstance(NeuralPortNameMismatchError("y"), NeuralTypeError)
    assert "'y'" in str(NeuralPortNameMismatchError("y"))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_are_equal(duplicate):
    original = NeuralType(("B", "D", "T"), AudioSignal(8000), optional=True)
    assert duplicate(original) == original
    assert repr(duplicate(original)) == repr(original)


def test_star_import_gives_every_type_and_no_torch():
    code = (
        "import sys; from nemo.core.neural_types import *; "
        "NeuralType(('B', 'T'), AudioSignal(16000)); print('torch' in sys.modules, 'AxisKind' in dir())"
    )
    repository = Path(__file__).parents[3]
    output = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    ).stdout
    assert output.split() == ["False", "True"]
