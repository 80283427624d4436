"""Typed methods: `Typing` declares neural types, `typecheck` holds calls to them.

    class Encoder(NeuralModule):
        @property
        def input_types(self): return {"x": NeuralType(("B", "D", "T"), SpectrogramType())}

        @typecheck()
        def forward(self, x): ...

A call of `forward` then takes keyword arguments only, checks their number, names, ranks and nesting in lists, compares
the types that tensors carry with the declared ones, and writes `output_types` into what is returned.

Declared types that a class gives without looking at `self` are computed once for the class; types that depend on the
instance are asked for at each call. Compiled code (`torch.compile`, `torch.export`, `torch.jit.script`) is not checked.
"""

from __future__ import annotations

import builtins
import contextlib
import dis
import functools
import inspect
import types
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, TypeVar

import torch

from nemo.core.classes.ports import Ports

Method = TypeVar("Method", bound=Callable[..., Any])


class _Checks:
    """What is checked at present, for the whole process."""

    __slots__ = ("enabled", "semantic")

    def __init__(self) -> None:
        self.enabled = True
        self.semantic = True


_checks = _Checks()


def is_typecheck_enabled() -> bool:
    """Whether typed methods check their calls."""
    return _checks.enabled


def is_semantic_typecheck_enabled() -> bool:
    """Whether typed methods compare the neural types of tensors, besides number, names, rank and nesting."""
    return _checks.semantic


class Typing:
    """Gives a class declared inputs and outputs; methods decorated with :class:`typecheck` are held to them."""

    __jit_unused_properties__ = ["input_types", "output_types"]  # torch.jit.script would try to compile them
    _typed_methods: dict[Callable[..., Any], _TypedMethod] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._typed_methods = {}
        unused = {name for base in cls.__mro__ for name in vars(base).get("__jit_unused_properties__", ())}
        cls.__jit_unused_properties__ = sorted(unused)

    @property
    def input_types(self) -> dict[str, Any] | None:
        """Name -> NeuralType, or [NeuralType] for a list of tensors; None: inputs are not checked."""
        return None

    @property
    def output_types(self) -> dict[str, Any] | None:
        """Name -> NeuralType in the order of the returned values; None: outputs are not checked."""
        return None


class typecheck:
    """Decorator that holds a method of a :class:`Typing` class to declared types. The brackets are needed.

    Args:
        input_types: types of this method instead of the class's `input_types`; None: do not check inputs.
        output_types: types of this method instead of the class's `output_types`; None: do not label outputs.
        ignore_collections: do not check how deep tensors lie in lists.

    Raises:
        TypeError: it was used without brackets.
    """

    class TypeState(Enum):
        """Says that a type was not given, which None does not say."""

        UNINITIALIZED = 0

    _wrapping = True

    def __init__(
        self,
        input_types: TypeState | dict[str, Any] | None = TypeState.UNINITIALIZED,
        output_types: TypeState | dict[str, Any] | None = TypeState.UNINITIALIZED,
        ignore_collections: bool = False,
    ) -> None:
        if isinstance(input_types, types.FunctionType):
            raise TypeError(
                f"@typecheck was used on {input_types.__qualname__} without brackets. Write @typecheck() above it."
            )
        self.input_types = input_types
        self.output_types = output_types
        self.ignore_collections = ignore_collections

    def __call__(self, wrapped: Method) -> Method:
        """The method with its checks; its signature, annotations and docstring stay."""
        if not typecheck._wrapping:
            return wrapped
        return _checked(wrapped, self)

    @staticmethod
    def set_typecheck_enabled(enabled: bool = True) -> None:
        """Switches all checks of typed methods on or off."""
        _checks.enabled = enabled

    @staticmethod
    def set_semantic_check_enabled(enabled: bool = True) -> None:
        """Switches the comparison of neural types on or off; number, names, rank and nesting are still checked."""
        _checks.semantic = enabled

    @staticmethod
    @contextlib.contextmanager
    def disable_checks() -> Iterator[None]:
        """No checks inside the block; afterwards it is as before (the original always switches them on)."""
        before, _checks.enabled = _checks.enabled, False
        try:
            yield
        finally:
            _checks.enabled = before

    @staticmethod
    @contextlib.contextmanager
    def disable_semantic_checks() -> Iterator[None]:
        """No comparison of neural types inside the block; afterwards it is as before."""
        before, _checks.semantic = _checks.semantic, False
        try:
            yield
        finally:
            _checks.semantic = before

    @staticmethod
    def enable_wrapping(enabled: bool = True) -> None:
        """Whether methods decorated from now on are wrapped at all; also switches the checks of those that are."""
        typecheck._wrapping = enabled
        _checks.enabled = enabled


class _TypedMethod:
    """One decorated method of one class: what its calls are checked against.

    Args:
        instance: whose class it is.
        decorator: the decorator, with the types given to it.
        name: the method's name, for messages.
    """

    __slots__ = (
        "_fixed_inputs",
        "_fixed_outputs",
        "_ignore_collections",
        "_input_getter",
        "_latest_inputs",
        "_latest_outputs",
        "_output_getter",
        "cls",
        "where",
    )

    def __init__(self, instance: Typing, decorator: typecheck, name: str) -> None:
        self.cls = type(instance)
        self.where = f"{self.cls.__name__}.{name}()"
        self._ignore_collections = decorator.ignore_collections
        self._input_getter, self._output_getter = self.cls.input_types, self.cls.output_types
        self._fixed_inputs = self._fixed_ports(instance, decorator.input_types, "input_types")
        self._fixed_outputs = self._fixed_ports(instance, decorator.output_types, "output_types")
        self._latest_inputs = self._latest_outputs = _AT_EACH_CALL

    def is_of(self, cls: type[Typing]) -> bool:
        """False when it was made for another class, or the class has other types since."""
        return self.cls is cls and (self._input_getter is cls.input_types and self._output_getter is cls.output_types)

    def inputs(self, instance: Typing) -> Ports | None:
        """The inputs of a call on `instance`; None if they are not declared."""
        if self._fixed_inputs is not _AT_EACH_CALL:
            return self._fixed_inputs
        declared, latest = instance.input_types, self._latest_inputs
        if declared is not None and not latest.are_declared_as(declared):
            latest = self._latest_inputs = Ports(declared, self._ignore_collections)
        return None if declared is None else latest

    def outputs(self, instance: Typing) -> Ports | None:
        """The outputs of a call on `instance`; None if they are not declared."""
        if self._fixed_outputs is not _AT_EACH_CALL:
            return self._fixed_outputs
        declared, latest = instance.output_types, self._latest_outputs
        if declared is not None and not latest.are_declared_as(declared):
            latest = self._latest_outputs = Ports(declared, self._ignore_collections)
        return None if declared is None else latest

    def _fixed_ports(self, instance: Typing, given: Any, attribute: str) -> Ports | None:
        if given is not typecheck.TypeState.UNINITIALIZED:
            return self._ports(given)
        if _may_change(getattr(self.cls, attribute)):
            return _AT_EACH_CALL
        return self._ports(getattr(instance, attribute))

    def _ports(self, declared: dict[str, Any] | None) -> Ports | None:
        return None if declared is None else Ports(declared, self._ignore_collections)


_AT_EACH_CALL = Ports({})
"""Stands for types that depend on the instance."""


def _checked(method: Method, decorator: typecheck) -> Method:
    """`method` with checks before and after.

    The wrapper uses no global name: it is given the globals of `method`, where torch.jit.script looks up the names of
    the source that it compiles (that of `method`, found through `__wrapped__`).
    """
    checks, is_compiling = _checks, torch.compiler.is_compiling
    typed_method, positional_error = functools.partial(_typed_method, method, decorator), _positional_error

    def wrapper(instance: Any = None, /, *args: Any, **kwargs: Any) -> Any:
        if is_compiling() or not checks.enabled:
            return method(instance, *args, **kwargs)
        typed = typed_method(instance)
        inputs = typed.inputs(instance)
        if inputs is not None:
            if args:
                raise positional_error(typed, inputs, args)
            inputs.check_inputs(kwargs, typed.where, checks.semantic)
        result = method(instance, *args, **kwargs)
        outputs = typed.outputs(instance)
        if outputs is not None:
            outputs.label_outputs(result, typed.where)
        return result

    scope = _LiveScope(method) if method.__closure__ else method.__globals__
    rebuilt = types.FunctionType(wrapper.__code__, scope, method.__name__, wrapper.__defaults__, wrapper.__closure__)
    return functools.update_wrapper(rebuilt, method)  # type: ignore[return-value]


def _typed_method(method: Callable[..., Any], decorator: typecheck, instance: Any) -> _TypedMethod:
    """What a call of `method` on `instance` is checked against; kept by the class.

    Raises:
        RuntimeError: `instance` declares no types, or the ports of release 0.x.
    """
    cls = instance.__class__
    try:
        typed: _TypedMethod = cls._typed_methods[method]
        if typed.is_of(cls):
            return typed
    except (AttributeError, KeyError):
        pass  # the first call, or not a Typing
    if not isinstance(instance, Typing):
        raise RuntimeError(
            f"{method.__qualname__} is decorated with typecheck(), but was called on {instance!r}, which is not a "
            f"nemo.core.Typing. Only methods of classes derived from Typing (such as NeuralModule) can be typed."
        )
    if hasattr(instance, "input_ports") or hasattr(instance, "output_ports"):
        raise RuntimeError(
            f"{cls.__name__} declares input_ports or output_ports, as in release 0.x. Declare the properties "
            f"input_types and output_types instead and decorate the method with typecheck()."
        )
    typed = cls._typed_methods[method] = _TypedMethod(instance, decorator, method.__name__)
    return typed


def _positional_error(typed: _TypedMethod, inputs: Ports, args: tuple[Any, ...]) -> TypeError:
    return TypeError(
        f"{typed.where} takes keyword arguments only, since its input types are declared, but {len(args)} were given "
        f"by position. Write name=value for each; the names are: {inputs.describe()}."
    )


def _may_change(getter: Any) -> bool:
    """Whether what declares the types may give others for another instance or at another time.

    It may not if it is a property whose code never touches `self` and names nothing global but classes and modules.
    """
    function = getter.fget if isinstance(getter, property) else None
    if not isinstance(function, types.FunctionType) or function.__closure__:
        return True
    code = function.__code__
    takes_more = code.co_argcount != 1 or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    if takes_more or any(isinstance(constant, types.CodeType) for constant in code.co_consts):
        return True
    this = code.co_varnames[0]
    for instruction in dis.get_instructions(code):
        named = instruction.argval
        if named == this or (isinstance(named, tuple) and this in named):
            return True
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            value = function.__globals__.get(named, getattr(builtins, named, None))
            if value is super or not isinstance(value, type | types.ModuleType):
                return True
    return False


class _LiveScope(dict[str, Any]):
    """Globals and closure of a method as one dict that is read when torch.jit.script asks, not before."""

    def __init__(self, method: Any) -> None:
        super().__init__()
        self._method = method

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> Any:
        """Names of globals and of closure variables."""
        return self._names().keys()

    def __getitem__(self, name: str) -> Any:
        return self._names()[name]

    def _names(self) -> dict[str, Any]:
        return {**self._method.__globals__, **self._closure()}

    def _closure(self) -> dict[str, Any]:
        cells = zip(self._method.__code__.co_freevars, self._method.__closure__, strict=True)
        return {name: cell.cell_contents for name, cell in cells}
