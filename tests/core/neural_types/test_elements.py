"""The hierarchy of element types, against the recorded table of the original."""

import gzip
import json
from pathlib import Path

import pytest

import nemo.core.neural_types as neural_types
from nemo.core.neural_types import AudioSignal, ElementType, NeuralTypeComparisonResult, VideoSignal, VoidType

TRACE = Path(__file__).parents[2] / "data" / "traces" / "neural_types.json.gz"
RECORDED = json.loads(gzip.decompress(TRACE.read_bytes()))["element_types"]
Result = NeuralTypeComparisonResult


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_element_type_has_the_recorded_bases_parameters_and_fields(name):
    cls = getattr(neural_types, name)
    recorded = RECORDED[name]
    assert [base.__name__ for base in cls.__mro__[1:]] == [base for base in recorded["bases"] if base != "ABC"]
    assert cls().type_parameters == recorded["parameters"]
    assert cls().fields == recorded["fields"]
    assert str(cls()) == cls.__doc__
    assert repr(cls()) == name


def test_no_element_type_is_ours_alone():
    ours = {name for name in neural_types.__all__ if _is_element_type(getattr(neural_types, name))}
    known = set(RECORDED).union(*(recorded["bases"] for recorded in RECORDED.values()))  # one is there as a base only
    assert ours == known - {"ABC", "object"}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (AudioSignal(16000), AudioSignal(16000), Result.SAME),
        (AudioSignal(16000), AudioSignal(8000), Result.SAME_TYPE_INCOMPATIBLE_PARAMS),
        (AudioSignal(), AudioSignal(8000), Result.SAME),
        (AudioSignal(8000), AudioSignal(), Result.SAME),
        (VideoSignal(25), VideoSignal(30), Result.SAME_TYPE_INCOMPATIBLE_PARAMS),
        (VideoSignal(), AudioSignal(), Result.INCOMPATIBLE),
        (VoidType(), AudioSignal(1), Result.SAME),
        (AudioSignal(1), VoidType(), Result.INCOMPATIBLE),
        (ElementType(), AudioSignal(1), Result.GREATER),
        (AudioSignal(1), ElementType(), Result.LESS),
    ],
)
def test_comparison_of_elements(first, second, expected):
    assert first.compare(second) is expected


def test_other_parameter_names_do_not_fit():
    class Signal(ElementType):
        def __init__(self, **parameters):
            self.parameters = parameters

        @property
        def type_parameters(self):
            return self.parameters

    assert Signal(a=1).compare(Signal(a=1, b=2)) is Result.SAME_TYPE_INCOMPATIBLE_PARAMS
    assert Signal(a=1, b=None).compare(Signal(a=1, b=2)) is Result.SAME


def test_other_fields_are_incompatible():
    class Pair(ElementType):
        def __init__(self, fields):
            self.names = fields

        @property
        def fields(self):
            return self.names

    assert Pair(("a", "b")).compare(Pair(("a", "b"))) is Result.SAME
    assert Pair(("a", "b")).compare(Pair(("a", "c"))) is Result.INCOMPATIBLE


def _is_element_type(value):
    return isinstance(value, type) and issubclass(value, ElementType)
