"""The rules that a typed call is held to: arguments, lists of tensors, outputs."""

from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn

from nemo.core.classes.type_checking import (
    Typing,
    typecheck,
)
from nemo.core.neural_types import (
    AudioSignal,
    ChannelType,
    LengthsType,
    LogitsType,
    MelSpectrogramType,
    NeuralType,
    SpectrogramType,
    VoidType,
)
from tests.core.classes.typed_encoder import LENGTHS, MEL, SPECTROGRAM, Encoder, labelled, typed


@pytest.fixture
def x():
    return torch.zeros(2, 3, 4)


@pytest.fixture
def n():
    return torch.tensor([4, 2])


# Arguments


def test_outputs_carry_their_declared_types(x, n):
    y, m = Encoder().forward(x=x, n=n)
    assert y.neural_type == NeuralType(("B", "D", "T"), LogitsType())
    assert m.neural_type == LENGTHS


def test_positional_arguments_are_refused_and_the_names_are_told(x, n):
    with pytest.raises(TypeError, match=r"Encoder\.forward\(\) takes keyword arguments only.*x, n, \[speaker\]"):
        Encoder().forward(x, n=n)


def test_missing_argument_is_named(x):
    with pytest.raises(TypeError, match=r"got 1 arguments \(x\); expected 2 to 3: .*Missing: n"):
        Encoder().forward(x=x)


def test_too_many_arguments_are_named(x, n):
    with pytest.raises(TypeError, match=r"Unknown: volume"):
        Encoder().forward(x=x, n=n, speaker=None, volume=1)


def test_unknown_argument_is_named(x, n):
    with pytest.raises(TypeError, match=r"has no argument 'length'\. Its arguments are: x, n"):
        Encoder().forward(x=x, length=n)


def test_optional_argument_may_be_given_left_out_or_none(x, n):
    for options in ({}, {"speaker": None}, {"speaker": torch.zeros(2, 3)}):
        Encoder().forward(x=x, n=n, **options)


@pytest.mark.parametrize("make", [torch.zeros, np.zeros, lambda *shape: nn.Parameter(torch.zeros(*shape))])
def test_rank_is_checked_for_anything_with_a_shape(make):
    shape = (2, 3) if make is not np.zeros else ((2, 3),)
    with pytest.raises(TypeError, match=r"argument 'x' .* shape \[2, 3\], that is 2 axes; expected 3: \(batch, dim"):
        Encoder().forward(x=make(*shape), n=torch.zeros(2))


def test_axes_of_none_accept_every_rank():
    identity = typed({"x": NeuralType(None, VoidType())}, {"y": NeuralType(None, VoidType())})
    for value in (torch.zeros(()), torch.zeros(2, 3, 4), "text", 3, None):
        identity(x=value)


def test_tensor_without_a_type_passes_and_one_with_a_fitting_type_too(x, n):
    Encoder().forward(x=labelled(x, MEL), n=n)  # a mel spectrogram is a spectrogram
    Encoder().forward(x=labelled(x, NeuralType(("B", "D", "T"), SpectrogramType())), n=n)


def test_more_general_type_is_refused_with_expected_found_and_argument(x):
    identity = typed({"x": MEL})
    with pytest.raises(TypeError, match=r"(?s)argument 'x' of .*\(LESS\).*expected: .*Mel.*found: .*SpectrogramType"):
        identity(x=labelled(x, SPECTROGRAM))


def test_refusal_is_not_forgotten_by_what_was_accepted_before(x):
    identity = typed({"x": SPECTROGRAM})
    for _ in range(2):
        identity(x=labelled(x, NeuralType(("B", "D", "T"), MelSpectrogramType())))
        with pytest.raises(TypeError, match="INCOMPATIBLE"):
            identity(x=labelled(x, NeuralType(("B", "D", "T"), LogitsType())))


def test_many_different_types_are_accepted_one_after_another(x):
    identity = typed({"x": SPECTROGRAM})
    for _ in range(200):
        identity(x=labelled(x, NeuralType(("B", "D", "T"), MelSpectrogramType())))


def test_other_parameters_are_refused_and_shown():
    identity = typed({"x": NeuralType(("B", "T"), AudioSignal(16000))})
    with pytest.raises(TypeError, match=r"SAME_TYPE_INCOMPATIBLE_PARAMS(?s:.*)16000.*8000"):
        identity(x=labelled(torch.zeros(1, 2), NeuralType(("B", "T"), AudioSignal(8000))))


def test_transposed_type_is_refused_with_the_mend(x):
    with pytest.raises(TypeError, match="Transpose it"):
        typed({"x": SPECTROGRAM})(x=labelled(x, NeuralType(("B", "T", "D"), SpectrogramType())))


# Lists


@pytest.mark.parametrize("value", [[torch.zeros(2)], (torch.zeros(2), torch.zeros(3)), []])
def test_list_of_tensors_fits_one_list_level(value):
    typed({"x": [LENGTHS]})(x=value)


@pytest.mark.parametrize("value", [torch.zeros(2), [[torch.zeros(2)]], [torch.zeros(2), [torch.zeros(2)]]])
def test_wrong_nesting_of_an_argument_is_refused_unless_ignored(value):
    with pytest.raises(TypeError, match=r"argument 'x' .* in (no list|2 lists); expected in 1 list"):
        typed({"x": [LENGTHS]})(x=value)
    typed({"x": [LENGTHS]}, ignore_collections=True)(x=value)


def test_list_for_a_tensor_is_refused():
    with pytest.raises(TypeError, match="in 1 list; expected in no list"):
        typed({"x": LENGTHS})(x=[torch.zeros(2)])


def test_every_tensor_of_a_list_is_checked(x):
    good, bad = torch.zeros(2, 3, 4), labelled(torch.zeros(2, 3, 4), LENGTHS)
    with pytest.raises(TypeError, match="INCOMPATIBLE"):
        typed({"x": [SPECTROGRAM]})(x=[good, bad])
    with pytest.raises(TypeError, match="2 axes; expected 3"):
        typed({"x": [[SPECTROGRAM]]})(x=[[good], [torch.zeros(2, 3)]])


@pytest.mark.parametrize("declared", [[LENGTHS, LENGTHS], [], [[LENGTHS, LENGTHS]]])
def test_list_type_must_hold_exactly_one_type(declared):
    with pytest.raises(TypeError, match="exactly one"):
        typed({"x": declared})(x=[torch.zeros(2)])


def test_type_that_is_no_type_is_refused():
    with pytest.raises(TypeError, match="expected a NeuralType"):
        typed({"x": "audio"})(x=torch.zeros(2))


# Outputs


def test_rank_of_outputs_is_checked(x, n):
    with pytest.raises(TypeError, match=r"output 'y' of Encoder\.forward\(\) has the shape \[2\]"):
        Encoder(result=(n, n)).forward(x=x, n=n)
    with pytest.raises(TypeError, match=r"output 'y' .* shape \[2\]"):
        typed({"x": LENGTHS}, {"y": SPECTROGRAM})(x=torch.zeros(2))


@pytest.mark.parametrize("count", [1, 3])
def test_wrong_number_of_outputs_is_refused(x, n, count):
    with pytest.raises(TypeError, match=f"returned {count} outputs; expected 2.*y, n"):
        Encoder(result=(x,) * count).forward(x=x, n=n)


def test_optional_outputs_may_be_left_out(n):
    optional = NeuralType(tuple("B"), LengthsType(), optional=True)
    pair = typed(None, {"a": LENGTHS, "b": optional})
    assert len(pair([n])) == 1
    assert pair([n, n + 1])[1].neural_type == optional
    with pytest.raises(TypeError, match="expected 1 to 2"):
        pair([n, n, n])


def test_single_output_gets_the_first_type(n):
    assert typed(None, {"a": LENGTHS})(n).neural_type == LENGTHS


def test_named_tuple_is_a_tuple(x, n):
    Result = namedtuple("Result", ["y", "n"])
    result = Encoder(result=Result(x, n)).forward(x=x, n=n)
    assert result.y.neural_type == NeuralType(("B", "D", "T"), LogitsType())
    assert isinstance(result, Result)


def test_only_declared_list_may_be_returned_bare_or_wrapped_in_a_tuple():
    make = typed(None, {"a": [LENGTHS]})
    for result in ([torch.zeros(2), torch.zeros(3)], ([torch.zeros(2), torch.zeros(3)],)):
        flat = make(result)[0] if isinstance(result, tuple) else make(result)
        assert [tensor.neural_type for tensor in flat] == [LENGTHS, LENGTHS]
    with pytest.raises(TypeError, match="in no list; expected in 1 list"):
        make((torch.zeros(2),))
    with pytest.raises(TypeError, match="in 2 lists; expected in 1 list"):
        make([[torch.zeros(2)]])


def test_recurrent_module_returns_a_tensor_and_a_tuple_of_states():
    class Recurrent(nn.Module, Typing):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 5, batch_first=True)

        @property
        def input_types(self):
            return {"x": NeuralType(axes=("B", "T", "C"), elements_type=ChannelType())}

        @property
        def output_types(self):
            return {
                "y": NeuralType(("B", "T", "C"), ChannelType()),
                "h_c": [NeuralType(("D", "B", "C"), ChannelType())],
            }

        @typecheck()
        def forward(self, x, flat=False):
            y, (h, c) = self.lstm(x)
            return y, (h, c)

    y, (h, c) = Recurrent()(x=torch.zeros(2, 4, 3))
    assert y.neural_type == NeuralType(("B", "T", "C"), ChannelType())
    assert h.neural_type == c.neural_type == NeuralType(("D", "B", "C"), ChannelType())


def test_objects_that_refuse_attributes_are_left_alone():
    assert typed(None, {"a": NeuralType()})(3) == 3
    assert typed(None, {"a": NeuralType(), "b": NeuralType()})(("text", None)) == ("text", None)
