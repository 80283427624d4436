"""A neural type: what the elements of a tensor mean, and what its axes are."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from nemo.core.neural_types.axes import AxisKind, AxisType
from nemo.core.neural_types.comparison import NeuralTypeComparisonResult
from nemo.core.neural_types.elements import ElementType, VoidType


class NeuralTypeError(Exception):
    """Base of the errors about neural types."""


class NeuralPortNameMismatchError(NeuralTypeError):
    """A module was given an argument that its `input_types` do not have."""

    def __init__(self, input_port_name: str) -> None:
        super().__init__(
            f"There is no input named {input_port_name!r}. Pass one of the names that the module's input_types list."
        )


class NeuralPortNmTensorMismatchError(NeuralTypeError):
    """A tensor's type does not fit the input it was given to."""

    def __init__(
        self,
        class_name: str,
        port_name: str,
        first_type: NeuralType,
        second_type: NeuralType,
        type_comparison: NeuralTypeComparisonResult,
    ) -> None:
        super().__init__(
            f"{class_name} got a tensor of the wrong type for {port_name!r}: expected {first_type!r}, "
            f"found {second_type!r} (compared: {type_comparison.name}). Connect an output whose type is the expected "
            f"one or a kind of it."
        )


class NeuralType:
    """What a tensor holds: the meaning of its elements and of its axes.

    Types are values: do not change one after it was made, modules share them.

    Args:
        axes: labels (`("B", "D", "T")`) or :class:`AxisType` objects; None means any shape.
        elements_type: an instance of an :class:`ElementType`; None means :class:`VoidType`, that is anything.
        optional: the argument may be left out.

    Raises:
        ValueError: `elements_type` is not an instance of an element type, an axis is neither a label nor an
            :class:`AxisType`, a label follows an :class:`AxisType`, or a list axis follows a tensor axis.
    """

    __slots__ = ("__weakref__", "axes", "elements_type", "optional")

    def __init__(
        self,
        axes: Iterable[str | AxisType] | None = None,
        elements_type: ElementType | None = None,
        optional: bool = False,
    ) -> None:
        if elements_type is None:
            elements_type = VoidType()
        elif not isinstance(elements_type, ElementType):
            wanted = f"{elements_type.__name__}()" if isinstance(elements_type, type) else "such as LengthsType()"
            raise ValueError(
                f"elements_type is {elements_type!r}; it must be an instance of an ElementType. Write {wanted}."
            )
        self.elements_type = elements_type
        self.axes: tuple[AxisType, ...] | None = None if axes is None else _axes_from(tuple(axes))
        self.optional = optional

    def compare(self, second: NeuralType) -> NeuralTypeComparisonResult:
        """How this type relates to `second`, seen from this one: a module accepts SAME and GREATER."""
        same, incompatible = NeuralTypeComparisonResult.SAME, NeuralTypeComparisonResult.INCOMPATIBLE
        if self.axes is None:
            if isinstance(self.elements_type, VoidType):
                return same
            return self.elements_type.compare(second.elements_type) if second.axes is None else incompatible
        if second.axes is None:
            return incompatible
        elements = self.elements_type.compare(second.elements_type)
        relation = _compare_axes(self.axes, second.axes)
        if relation is same:
            return elements
        return relation if elements is same else incompatible

    def compare_and_raise_error(self, parent_type_name: str, port_name: str, second_object: NeuralType) -> None:
        """Compares with `second_object` and raises when this type does not accept it.

        Args:
            parent_type_name: the class whose input this is, for the message.
            port_name: the input's name.
            second_object: the type that was connected to it.

        Raises:
            NeuralPortNmTensorMismatchError: the comparison gave neither SAME nor GREATER.
        """
        result = self.compare(second_object)
        if result not in (NeuralTypeComparisonResult.SAME, NeuralTypeComparisonResult.GREATER):
            raise NeuralPortNmTensorMismatchError(parent_type_name, port_name, self, second_object, result)

    def __eq__(self, other: object) -> bool:
        """Whether each of the two accepts the other as the same; `optional` does not matter.

        The original returns the comparison's enum member, which is always true. Both ways, because `compare` alone
        is not symmetric (a size of None accepts every size).
        """
        if not isinstance(other, NeuralType):
            return NotImplemented
        same = NeuralTypeComparisonResult.SAME
        return self is other or (self.compare(other) is same and other.compare(self) is same)

    def __hash__(self) -> int:
        # parameters such as a sample rate are left out: None there equals every value
        layout = None if self.axes is None else tuple((axis.kind, axis.size, axis.is_list) for axis in self.axes)
        return hash((layout, type(self.elements_type)))

    def __str__(self) -> str:
        return f"axes: {self.axes}; elements_type: {type(self.elements_type).__name__}"

    def __repr__(self) -> str:
        optional = ", optional=True" if self.optional else ""
        return f"NeuralType(axis={self.axes}, element_type={self.elements_type!r}{optional})"


def _axes_from(axes: tuple[str | AxisType, ...]) -> tuple[AxisType, ...]:
    """Checked axes; labels become shared :class:`AxisType` objects."""
    if all(type(axis) is str for axis in axes):
        return _axes_of_labels(axes)
    checked: list[AxisType] = []
    seen_axis_type = seen_tensor_axis = False
    for axis in axes:
        if isinstance(axis, str):
            if seen_axis_type:
                raise ValueError(
                    f"axes are {axes}: the label {axis!r} follows an AxisType. Give all axes as labels, or all as "
                    f"AxisType objects."
                )
            axis = _axis_of_label(axis)
        elif isinstance(axis, AxisType):
            seen_axis_type = True
        else:
            raise ValueError(
                f"axes are {axes}: {axis!r} is a {type(axis).__name__}, expected a label such as 'B' or an AxisType."
            )
        if axis.is_list and seen_tensor_axis:
            raise ValueError(
                f"axes are {axes}: the list axis {axis} follows a tensor axis, but a tensor cannot hold lists. "
                f"Put list axes first."
            )
        seen_tensor_axis = seen_tensor_axis or not axis.is_list
        checked.append(axis)
    return tuple(checked)


@functools.lru_cache(maxsize=1024)
def _axes_of_labels(labels: tuple[str, ...]) -> tuple[AxisType, ...]:
    """`input_types` are built anew whenever somebody asks for them, so looking labels up once is worth it."""
    return tuple(_axis_of_label(label) for label in labels)


@functools.lru_cache(maxsize=256)
def _axis_of_label(label: str) -> AxisType:
    return AxisType(AxisKind.from_str(label))


def _compare_axes(first: tuple[AxisType, ...], second: tuple[AxisType, ...]) -> NeuralTypeComparisonResult:
    """SAME, TRANSPOSE_SAME, DIM_INCOMPATIBLE (transposing would do, but for the sizes) or INCOMPATIBLE."""
    if first is second:
        return NeuralTypeComparisonResult.SAME
    if len(first) != len(second):
        return NeuralTypeComparisonResult.INCOMPATIBLE
    # The original lets an `Any` axis forget mismatches before it; here every axis counts.
    if all(_axis_accepts(mine, other) for mine, other in zip(first, second, strict=True)):
        return NeuralTypeComparisonResult.SAME
    sizes, other_sizes = ({axis.kind: axis.size for axis in axes} for axes in (first, second))
    if sizes.keys() != other_sizes.keys():
        return NeuralTypeComparisonResult.INCOMPATIBLE
    return (
        NeuralTypeComparisonResult.TRANSPOSE_SAME
        if sizes == other_sizes
        else NeuralTypeComparisonResult.DIM_INCOMPATIBLE
    )


def _axis_accepts(mine: AxisType, other: AxisType) -> bool:
    if mine.kind is AxisKind.Any:
        return True
    return mine.kind == other.kind and mine.is_list == other.is_list and mine.size in (None, other.size)
