"""Typed methods: every rule of a call, the switches, and that compilers see through the wrapper."""

import inspect
from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn

from nemo.core.classes.type_checking import (
    Typing,
    is_semantic_typecheck_enabled,
    is_typecheck_enabled,
    typecheck,
)
from nemo.core.neural_types import (
    AudioSignal,
    ChannelType,
    ElementType,
    LengthsType,
    LogitsType,
    MelSpectrogramType,
    NeuralType,
    SpectrogramType,
    VoidType,
    elements,
)

SPECTROGRAM = NeuralType(("B", "D", "T"), SpectrogramType())
MEL = NeuralType(("B", "D", "T"), MelSpectrogramType())
LENGTHS = NeuralType(tuple("B"), LengthsType())


class Encoder(Typing):
    """Takes a spectrogram, lengths and an optional speaker; gives what it was told to give."""

    def __init__(self, result=None):
        self.result = result

    @property
    def input_types(self):
        return {
            "x": NeuralType(("B", "D", "T"), SpectrogramType()),
            "n": NeuralType(tuple("B"), LengthsType()),
            "speaker": NeuralType(("B", "D"), ChannelType(), optional=True),
        }

    @property
    def output_types(self):
        return {"y": NeuralType(("B", "D", "T"), LogitsType()), "n": NeuralType(tuple("B"), LengthsType())}

    @typecheck()
    def forward(self, x, n, speaker=None):
        """Gives x and n, or the result."""
        return (x + 1, n + 1) if self.result is None else self.result


@pytest.fixture
def x():
    return torch.zeros(2, 3, 4)


@pytest.fixture
def n():
    return torch.tensor([4, 2])


@pytest.fixture(autouse=True)
def _checks_stay_enabled():
    yield
    assert is_typecheck_enabled()
    assert is_semantic_typecheck_enabled()


def typed(declared_in=None, declared_out=None, **options):
    """A function of one argument whose only rule is the given types."""

    class Identity(Typing):
        @typecheck(input_types=declared_in, output_types=declared_out, **options)
        def __call__(self, x):
            return x

    return Identity()


def _is_element_type(value):
    return isinstance(value, type) and issubclass(value, ElementType)


def labelled(tensor, neural_type):
    tensor.neural_type = neural_type
    return tensor


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


# Which types hold


def test_no_types_means_no_rules(x):
    class Free(Typing):
        @typecheck()
        def forward(self, x, y=2):
            return x, y

    assert Free().forward(x, 3) == (x, 3)


def test_types_of_the_decorator_replace_those_of_the_class_for_one_method(x, n):
    class Both(Encoder):
        @typecheck(input_types={"z": LENGTHS})
        def lengths(self, z):
            return z.new_zeros(2, 3, 4), z

        @typecheck(input_types=None, output_types=None)
        def free(self, *values):
            return values

    both = Both()
    assert both.lengths(z=n)[0].neural_type == NeuralType(("B", "D", "T"), LogitsType())
    with pytest.raises(TypeError, match="has no argument 'x'"):
        both.lengths(x=n)
    assert both.free(1, 2, 3) == (1, 2, 3)
    with pytest.raises(TypeError, match=r"Both\.forward\(\)"):
        both.forward(x=n, n=n)


def test_subclass_brings_types_of_its_own(x, n):
    class Narrow(Encoder):
        @property
        def input_types(self):
            return {"x": NeuralType(("B", "T"), AudioSignal()), "n": LENGTHS}

    Encoder().forward(x=x, n=n)
    Narrow(result=(x.clone(), n.clone())).forward(x=n[None], n=n)
    Encoder().forward(x=x, n=n)
    with pytest.raises(TypeError, match="3 axes; expected 2"):
        Narrow().forward(x=x, n=n)


def test_types_that_depend_on_the_instance_follow_it():
    class Resampler(Typing):
        def __init__(self, rate):
            self.rate = rate

        @property
        def input_types(self):
            return {"x": NeuralType(("B", "T"), AudioSignal(self.rate))}

        @typecheck()
        def forward(self, x):
            return x

    signal = labelled(torch.zeros(1, 4), NeuralType(("B", "T"), AudioSignal(8000)))
    resampler = Resampler(8000)
    resampler.forward(x=signal)
    with pytest.raises(TypeError, match="16000"):
        Resampler(16000).forward(x=signal)
    resampler.rate = 16000
    with pytest.raises(TypeError, match="16000"):
        resampler.forward(x=signal)


def test_each_part_of_a_type_that_depends_on_the_instance_is_followed():
    class Flexible(Typing):
        declared = None

        @property
        def input_types(self):
            return self.declared

        @typecheck()
        def forward(self, x):
            return x

    module, signal = Flexible(), labelled(torch.zeros(1, 4), NeuralType(("B", "T"), AudioSignal(8000)))
    accepting = NeuralType(("B", "T"), AudioSignal(8000))
    refusing = [
        {"y": accepting},
        {"x": accepting, "y": accepting},
        {"x": [accepting]},
        {"x": NeuralType(("B", "D", "T"), AudioSignal(8000))},
        {"x": NeuralType(("B", "T"), AudioSignal(16000))},
        {"x": NeuralType(("B", "T"), LogitsType())},
    ]
    for types in refusing:
        for module.declared in ({"x": accepting}, {"x": NeuralType(("B", "T"), AudioSignal(8000))}, None):
            module.forward(**{"x": signal})
        module.declared = types
        with pytest.raises(TypeError):
            module.forward(x=signal)


_state_of_module = {"rate": 8000}


def test_types_that_depend_on_anything_else_that_changes_follow_it():
    local_state = [8000]

    class FromGlobal(Typing):
        @property
        def input_types(self):
            return {"x": NeuralType(("B", "T"), AudioSignal(_state_of_module["rate"]))}

        @typecheck()
        def forward(self, x):
            return x

    class FromClosure(FromGlobal):
        @property
        def input_types(self):
            return {"x": NeuralType(("B", "T"), AudioSignal(local_state[0]))}

    class FromParent(FromGlobal):
        @property
        def input_types(self):
            return {**super().input_types}

    signal = labelled(torch.zeros(1, 4), NeuralType(("B", "T"), AudioSignal(8000)))
    modules = [FromGlobal(), FromClosure(), FromParent()]
    for module in modules:
        module.forward(x=signal)
    _state_of_module["rate"] = local_state[0] = 16000
    for module in modules:
        with pytest.raises(TypeError, match="16000"):
            module.forward(x=signal)


def test_property_replaced_after_the_first_call_holds_from_then_on(x, n, monkeypatch):
    encoder = Encoder()
    encoder.forward(x=x, n=n)
    monkeypatch.setattr(Encoder, "input_types", property(lambda self: {"x": MEL}))
    with pytest.raises(TypeError, match="expected 1"):
        encoder.forward(x=x, n=n)


def test_plain_class_is_refused(x):
    class Plain:
        @typecheck()
        def forward(self, x):
            return x

    with pytest.raises(RuntimeError, match=r"not a nemo\.core\.Typing"):
        Plain().forward(x=x)


def test_plain_function_is_refused(x):
    @typecheck()
    def forward(x):
        return x

    with pytest.raises(RuntimeError, match=r"not a nemo\.core\.Typing"):
        forward(x=x)


@pytest.mark.parametrize("attribute", ["input_ports", "output_ports"])
def test_ports_of_release_0_are_refused(attribute, x, n):
    old = type("Old", (Encoder,), {attribute: {}})
    with pytest.raises(RuntimeError, match="release 0.x"):
        old().forward(x=x, n=n)


def test_decorator_without_brackets_is_refused():
    with pytest.raises(TypeError, match=r"Write @typecheck\(\)"):

        class Forgotten(Typing):
            @typecheck
            def forward(self, x):
                return x


# Switches


def test_disabled_checks_let_everything_pass_and_come_back(x):
    with typecheck.disable_checks():
        assert not is_typecheck_enabled()
        y, _ = Encoder().forward(x, x)
        with typecheck.disable_checks():
            pass
        assert not is_typecheck_enabled()
    assert not hasattr(y, "neural_type")
    with pytest.raises(TypeError):
        Encoder().forward(x, x)


def test_checks_come_back_after_an_error():
    with pytest.raises(KeyError), typecheck.disable_checks(), typecheck.disable_semantic_checks():
        raise KeyError


def test_semantic_checks_alone_can_be_disabled(x, n):
    wrong = labelled(x, NeuralType(("B", "D", "T"), LogitsType()))
    with typecheck.disable_semantic_checks():
        assert not is_semantic_typecheck_enabled()
        Encoder().forward(x=wrong, n=n)
        with pytest.raises(TypeError, match="axes"):
            Encoder().forward(x=n, n=n)
    with pytest.raises(TypeError, match="INCOMPATIBLE"):
        Encoder().forward(x=wrong, n=n)


def test_switches_set_and_unset():
    typecheck.set_typecheck_enabled(False)
    typecheck.set_semantic_check_enabled(False)
    assert (is_typecheck_enabled(), is_semantic_typecheck_enabled()) == (False, False)
    typecheck.set_typecheck_enabled(True)
    typecheck.set_semantic_check_enabled(True)


def test_wrapping_can_be_left_out():
    def forward(self, x):
        return x

    typecheck.enable_wrapping(False)
    try:
        assert typecheck()(forward) is forward
        assert not is_typecheck_enabled()
    finally:
        typecheck.enable_wrapping(True)
    assert typecheck()(forward) is not forward


# Transparency


def test_signature_name_and_docstring_are_those_of_the_method():
    assert list(inspect.signature(Encoder.forward).parameters) == ["self", "x", "n", "speaker"]
    assert list(inspect.signature(Encoder().forward).parameters) == ["x", "n", "speaker"]
    assert Encoder.forward.__name__ == "forward"
    assert Encoder.forward.__doc__ == "Gives x and n, or the result."
    assert inspect.isfunction(Encoder.forward)


def test_argument_may_be_called_instance(x):
    class Named(Typing):
        @typecheck(input_types={"instance": SPECTROGRAM})
        def forward(self, instance):
            return instance

    assert Named().forward(instance=x) is x


def double(x):
    return x * 2


class Doubler(nn.Module, Typing):
    @property
    def input_types(self):
        return {"x": NeuralType(("B", "D", "T"), SpectrogramType())}

    @property
    def output_types(self):
        return {"y": NeuralType(("B", "D", "T"), SpectrogramType())}

    @typecheck()
    def forward(self, x):
        return torch.relu(double(x))


def test_scripted_module_gives_the_same(x):
    scripted = torch.jit.script(Doubler())
    assert torch.equal(scripted(x + 1), Doubler()(x=x + 1))


def test_scripted_method_finds_the_local_names_it_uses(x):
    def triple(x):
        return x * 3

    class Tripler(Doubler):
        @typecheck()
        def forward(self, x):
            return torch.relu(triple(x)) + torch.relu(double(x))

    assert torch.equal(torch.jit.script(Tripler())(x + 1), x + 5)
    assert torch.equal(Tripler()(x=x + 1), x + 5)


@pytest.mark.parametrize("element", [value for value in vars(elements).values() if _is_element_type(value)])
def test_module_typed_with_each_element_type_can_be_scripted(element, x):
    class Typed(Doubler):
        def __init__(self):
            super().__init__()
            self.element = element()

        @property
        def input_types(self):
            return {"x": NeuralType(("B", "D", "T"), self.element)}

        @property
        def output_types(self):
            return {"y": NeuralType(("B", "D", "T"), element())}

    assert torch.equal(torch.jit.script(Typed())(x + 1), x + 2)


def test_compiled_module_has_no_graph_break(x):
    compiled = torch.compile(Doubler(), backend="eager", fullgraph=True)
    assert torch.equal(compiled(x=x + 1), x + 2)


def test_traced_and_exported_modules_give_the_same(x):
    class Positional(nn.Module):
        def __init__(self):
            super().__init__()
            self.doubler = Doubler()

        def forward(self, x):
            return self.doubler(x=x)

    assert torch.equal(torch.jit.trace(Positional(), x)(x + 1), x + 2)
    exported = torch.export.export(Doubler(), args=(), kwargs={"x": x})
    assert torch.equal(exported.module()(x=x + 1), x + 2)
