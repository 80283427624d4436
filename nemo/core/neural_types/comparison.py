"""How two neural types relate."""

from enum import Enum


class NeuralTypeComparisonResult(Enum):
    """What ``first.compare(second)`` found, said of the first. Values are the original's."""

    SAME = 0
    LESS = 1
    """The first is a kind of the second (a subclass)."""
    GREATER = 2
    """The second is a kind of the first, so the first accepts it."""
    DIM_INCOMPATIBLE = 3
    """Same axes in another order, and their sizes do not agree."""
    TRANSPOSE_SAME = 4
    """A transpose makes the second fit."""
    CONTAINER_SIZE_MISMATCH = 5
    """Kept for its name; nothing produces it."""
    INCOMPATIBLE = 6
    SAME_TYPE_INCOMPATIBLE_PARAMS = 7
    """The same element type with other parameters, such as another sample rate."""
    UNCHECKED = 8
    """Kept for its name; nothing produces it."""
