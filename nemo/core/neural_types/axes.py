"""What the axes of a tensor mean: batch, time, feature and so on."""

from __future__ import annotations

from enum import Enum


class AxisKindAbstract(Enum):
    """Base of enums that name axes; derive from it to add kinds of your own."""


class AxisKind(AxisKindAbstract):
    """The kinds of axes that the toolkit itself uses. Values are the original's."""

    Batch = 0
    Time = 1
    Dimension = 2
    Channel = 2  # an alias of Dimension
    Width = 3
    Height = 4
    Any = 5
    Sequence = 6
    FlowGroup = 7
    Singleton = 8

    def __str__(self) -> str:
        return self.name.lower()

    def __repr__(self) -> str:
        return self.name.lower()

    @staticmethod
    def from_str(label: str) -> AxisKind:
        """The kind that a short label names: `B`, `T`, `D`, `t_frames`; case and surrounding blanks do not matter.

        Raises:
            ValueError: no kind has this label.
        """
        text = label.strip().lower()
        kind = _KIND_OF_LABEL.get(text)
        if kind is not None:
            return kind
        if len(text) > 2 and text.startswith("t_"):
            return AxisKind.Time
        raise ValueError(
            f"{label!r} is not the label of an axis kind. Known labels (case does not matter): "
            f"{', '.join(_KIND_OF_LABEL)}, and anything that starts with 't_' for a time axis. "
            f"For kinds of your own pass AxisType(kind=...)."
        )

    @staticmethod
    def t_with_string(text: str) -> bool:
        """Whether `text` has the form `t_<kind>_`, a time axis with a name: `t_frames_`."""
        return len(text) > 3 and text.startswith("t_") and text.endswith("_")


_KIND_OF_LABEL: dict[str, AxisKind] = {
    "b": AxisKind.Batch,
    "n": AxisKind.Batch,
    "batch": AxisKind.Batch,
    "t": AxisKind.Time,
    "time": AxisKind.Time,
    "d": AxisKind.Dimension,
    "c": AxisKind.Dimension,
    "channel": AxisKind.Dimension,
    "w": AxisKind.Width,
    "width": AxisKind.Width,
    "h": AxisKind.Height,
    "height": AxisKind.Height,
    "s": AxisKind.Singleton,
    "singleton": AxisKind.Singleton,
    "seq": AxisKind.Sequence,
    "sequence": AxisKind.Sequence,
    "flowgroup": AxisKind.FlowGroup,
    "any": AxisKind.Any,
}


class AxisType:
    """One axis of a tensor or container.

    Args:
        kind: what the axis runs over.
        size: its length where that is part of the type; None means any length.
        is_list: the axis is a Python list or tuple of tensors, not a dimension of one tensor.

    Raises:
        ValueError: both `size` and `is_list` are given; lists have no fixed size.
    """

    def __init__(self, kind: AxisKindAbstract, size: int | None = None, is_list: bool = False) -> None:
        if size is not None and is_list:
            raise ValueError(
                f"AxisType({kind}, size={size}, is_list=True): a list axis has no fixed size. "
                f"Leave out `size`, or set is_list=False for a dimension of a tensor."
            )
        self.kind = kind
        self.size = size
        self.is_list = is_list

    def __repr__(self) -> str:
        size = "" if self.size is None else f":{self.size}"
        return f"{self.kind}{size}{'_listdim' if self.is_list else ''}"
