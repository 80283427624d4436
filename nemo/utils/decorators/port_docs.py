"""Puts a module's typed inputs and outputs into its documentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


def add_port_docs(wrapped: Wrapped | None = None, value: str = "") -> Wrapped | Callable[[Wrapped], Wrapped]:
    """Adds the types that an `input_types` or `output_types` property gives to its docstring.

    The types depend on the instance, so they are read when the property is: the docstring says where to look.

    Args:
        wrapped: the property's function; None when the decorator is used with arguments.
        value: text to put before.
    """

    def documented(function: Wrapped) -> Wrapped:
        ports = "Name -> NeuralType, depending on how the module was built."
        function.__doc__ = "\n\n".join(part for part in (value, function.__doc__, ports) if part)
        return function

    return documented if wrapped is None else documented(wrapped)
