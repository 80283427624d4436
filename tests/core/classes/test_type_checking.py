"""Typed methods: which types hold, the switches, and that compilers see through the wrapper."""

import inspect

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
    ElementType,
    LogitsType,
    NeuralType,
    SpectrogramType,
    elements,
)
from tests.core.classes.typed_encoder import LENGTHS, MEL, SPECTROGRAM, Encoder, labelled


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


def _is_element_type(value):
    return isinstance(value, type) and issubclass(value, ElementType)


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
