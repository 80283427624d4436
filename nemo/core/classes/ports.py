"""The declared inputs or outputs of a method, in the form in which a call is checked against them.

A port is one declared argument or result: its name, its neural type, and how many lists it is wrapped in. `typecheck`
makes the ports of a class once and goes through them at each call, so the common case (a tensor of the right rank
whose type was accepted before) is a handful of comparisons.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from nemo.core.neural_types import NeuralType, NeuralTypeComparisonResult

ACCEPTED = (NeuralTypeComparisonResult.SAME, NeuralTypeComparisonResult.GREATER)
REMEMBERED_TYPES = 64  # a type that is made anew for each call must not fill the memory


class Port:
    """One declared argument or result.

    Args:
        name: its name.
        declared: a neural type, or one in a list for a list or tuple of such tensors (`[[type]]`: lists of lists).
        ignore_collections: do not check how deep tensors lie in lists.

    Raises:
        TypeError: `declared` is neither, or a list holds more or less than one type.
    """

    __slots__ = ("_accepted", "declared_depth", "depth", "name", "ndim", "neural_type")

    def __init__(self, name: str, declared: Any, ignore_collections: bool) -> None:
        self.name = name
        depth, inner = 0, declared
        while isinstance(inner, list | tuple):
            if len(inner) != 1:
                raise TypeError(
                    f"the type of {name!r} is declared as {declared!r}; a list of tensors is declared by exactly one "
                    f"type in a list, such as [NeuralType(('B', 'T'), ...)], and all of its tensors have that type."
                )
            depth, inner = depth + 1, inner[0]
        if not isinstance(inner, NeuralType):
            raise TypeError(f"the type of {name!r} is declared as {declared!r}; expected a NeuralType or [NeuralType].")
        self.neural_type = inner
        self.ndim = None if inner.axes is None else len(inner.axes)
        self.declared_depth = depth
        self.depth = None if ignore_collections else depth
        self._accepted: dict[int, NeuralType] = {id(inner): inner}  # holds the types, so that an id stays theirs

    def is_declared_as(self, declared: Any) -> bool:
        """Whether a port made from `declared` would check the same."""
        depth = self.declared_depth
        while depth and isinstance(declared, (list, tuple)) and len(declared) == 1:
            depth, declared = depth - 1, declared[0]
        mine = self.neural_type
        if depth or declared.__class__ is not NeuralType or declared.optional != mine.optional:
            return False
        elements, other = mine.elements_type, declared.elements_type
        # labels give the same axes object each time; anything else is not worth comparing
        return declared.axes is mine.axes and (
            other is elements
            or (
                other.__class__ is elements.__class__
                and other.type_parameters == elements.type_parameters
                and other.fields == elements.fields
            )
        )

    def is_plainly(self, value: Any) -> bool:
        """Whether `value` is a bare tensor of the declared rank, and a bare tensor is declared."""
        return value.__class__ is Tensor and not self.depth and (self.ndim is None or value.ndim == self.ndim)

    def has_seen_type_of(self, tensor: Tensor) -> bool:
        """Whether the tensor carries no type, or one that was accepted before."""
        found = getattr(tensor, "neural_type", None)
        return found is None or id(found) in self._accepted

    def check(self, value: Any, where: str, semantic: bool) -> None:
        """Checks an argument at length: how deep its tensors lie in lists, their type and rank.

        Raises:
            TypeError: it does not fit.
        """
        for leaf, depth in _leaves(value, 0):
            is_bare_object = depth == 0 and not hasattr(leaf, "shape") and not hasattr(leaf, "neural_type")
            if not is_bare_object:
                self._check_depth(depth, f"argument {self.name!r} of {where}")
            if semantic:
                self._check_type(leaf, where)
            self._check_ndim(leaf, f"argument {self.name!r} of {where}")

    def label(self, value: Any, start_depth: int, where: str) -> None:
        """Writes the declared type into each tensor of a result, as its `neural_type`, and checks depth and rank.

        Raises:
            TypeError: the result is not what was declared.
        """
        for leaf, depth in _leaves(value, start_depth):
            self._check_depth(depth, f"output {self.name!r} of {where}")
            self.label_leaf(leaf, where)

    def label_leaf(self, leaf: Any, where: str) -> None:
        """Writes the declared type into one object, unless it refuses attributes (a number), and checks its rank."""
        with contextlib.suppress(AttributeError, TypeError):  # numbers, strings, arrays cannot carry a type
            leaf.neural_type = self.neural_type
        self._check_ndim(leaf, f"output {self.name!r} of {where}")

    def _check_depth(self, depth: int, what: str) -> None:
        if self.depth is not None and depth != self.depth:
            raise TypeError(
                f"{what} holds a tensor or value {_in_lists(depth)}; expected {_in_lists(self.depth)}, as its type is "
                f"declared {'[' * self.depth}{self.neural_type!r}{']' * self.depth}. Wrap or unwrap it, or decorate "
                f"the method with typecheck(ignore_collections=True)."
            )

    def _check_type(self, leaf: Any, where: str) -> None:
        found = getattr(leaf, "neural_type", None)
        if found is None or id(found) in self._accepted:
            return
        result = self.neural_type.compare(found)
        if result not in ACCEPTED:
            raise TypeError(self._type_message(found, result, where))
        if len(self._accepted) >= REMEMBERED_TYPES:
            self._accepted = {id(self.neural_type): self.neural_type}
        self._accepted[id(found)] = found

    def _type_message(self, found: NeuralType, result: NeuralTypeComparisonResult, where: str) -> str:
        expected = self.neural_type
        lines = [
            f"argument {self.name!r} of {where} has the wrong type ({result.name}).",
            f"  expected: {expected!r}",
            f"  found:    {found!r}",
        ]
        parameters = expected.elements_type.type_parameters, found.elements_type.type_parameters
        if any(parameters):
            lines += [f"  parameters of the expected type: {parameters[0]}, of the found one: {parameters[1]}"]
        if result is NeuralTypeComparisonResult.TRANSPOSE_SAME:
            lines += ["Transpose it so that its axes have the expected order."]
        else:
            lines += ["Pass an output whose type is the expected one or a kind of it."]
        return "\n".join(lines)

    def _check_ndim(self, leaf: Any, what: str) -> None:
        if self.ndim is None:
            return
        shape = getattr(leaf, "shape", None)
        if shape is not None and len(shape) != self.ndim:
            raise TypeError(
                f"{what} has the shape {list(shape)}, that is {len(shape)} axes; expected {self.ndim}: "
                f"{self.neural_type.axes}, as in {self.neural_type!r}."
            )


class Ports:
    """All inputs, or all outputs, of one method.

    Args:
        types: the declared dict, name -> neural type.
        ignore_collections: do not check how deep tensors lie in lists.
    """

    __slots__ = ("_by_name", "_is_one_container", "_mandatory", "_ordered")

    def __init__(self, types: Mapping[str, Any], ignore_collections: bool = False) -> None:
        self._by_name = {name: Port(name, declared, ignore_collections) for name, declared in types.items()}
        self._ordered = tuple(self._by_name.values())
        self._mandatory = sum(not port.neural_type.optional for port in self._ordered)
        self._is_one_container = len(self._ordered) == 1 and self._ordered[0].declared_depth > 0

    def are_declared_as(self, types: Mapping[str, Any]) -> bool:
        """Whether ports made from `types` would check the same; asked at each call when types may change."""
        if len(types) != len(self._ordered):
            return False
        for port, (name, declared) in zip(self._ordered, types.items(), strict=True):
            if name != port.name or not port.is_declared_as(declared):
                return False
        return True

    def check_inputs(self, arguments: dict[str, Any], where: str, semantic: bool) -> None:
        """Checks the keyword arguments of a call.

        Args:
            arguments: name -> value.
            where: the method, for messages.
            semantic: compare the types that tensors carry with the declared ones.

        Raises:
            TypeError: too few or many arguments, an unknown name, or a value that does not fit.
        """
        by_name = self._by_name
        if not self._mandatory <= len(arguments) <= len(by_name):
            raise TypeError(self._count_message(arguments, where))
        for name, value in arguments.items():
            port = by_name.get(name)
            if port is None:
                raise TypeError(f"{where} has no argument {name!r}. Its arguments are: {self.describe()}.")
            if not (port.is_plainly(value) and port.has_seen_type_of(value)):
                port.check(value, where, semantic)

    def label_outputs(self, outputs: Any, where: str) -> None:
        """Writes the declared types into what a call returned, and checks number, nesting and rank.

        Raises:
            TypeError: the outputs are not what was declared.
        """
        ordered = self._ordered
        if not isinstance(outputs, (list, tuple)):
            if ordered and ordered[0].is_plainly(outputs):
                outputs.neural_type = ordered[0].neural_type
            elif ordered:
                ordered[0].label_leaf(outputs, where)
        elif self._is_one_container:
            # `return ([a, b],)` wraps the declared list once more; `return [a, b]` is the list itself
            start_depth = 0 if isinstance(outputs, tuple) and len(outputs) == 1 else 1
            for output in outputs:
                ordered[0].label(output, start_depth, where)
        elif self._mandatory <= len(outputs) <= len(ordered):
            for port, output in zip(ordered, outputs, strict=False):
                if port.is_plainly(output):
                    output.neural_type = port.neural_type  # the common case, without the walk through lists
                else:
                    port.label(output, 0, where)
        else:
            raise TypeError(
                f"{where} returned {len(outputs)} outputs; expected {self._count()}, as its output types are declared: "
                f"{self.describe()}. Correct output_types or the return statement."
            )

    def describe(self) -> str:
        """The names in order; optional ones in brackets."""
        names = [f"[{port.name}]" if port.neural_type.optional else port.name for port in self._ordered]
        return ", ".join(names) or "none"

    def _count(self) -> str:
        total = len(self._ordered)
        return str(total) if self._mandatory == total else f"{self._mandatory} to {total}"

    def _count_message(self, arguments: dict[str, Any], where: str) -> str:
        given: Sequence[str] = list(arguments)
        missing = [port.name for port in self._ordered if not port.neural_type.optional and port.name not in arguments]
        unknown = [name for name in given if name not in self._by_name]
        message = f"{where} got {len(given)} arguments ({', '.join(given) or 'none'}); expected {self._count()}: "
        message += f"{self.describe()} (in brackets: optional)."
        if missing:
            message += f" Missing: {', '.join(missing)}."
        if unknown:
            message += f" Unknown: {', '.join(unknown)}."
        return message


def _leaves(value: Any, depth: int) -> Iterator[tuple[Any, int]]:
    """Each object in nested lists and tuples, with the number of lists it lies in."""
    if isinstance(value, list | tuple):
        for element in value:
            yield from _leaves(element, depth + 1)
    else:
        yield value, depth


def _in_lists(depth: int) -> str:
    return "in no list" if depth == 0 else f"in {depth} list{'s' if depth > 1 else ''}"
