"""How often one message is logged."""

import enum


class LogMode(enum.IntEnum):
    """Given to the methods of :data:`nemo.utils.logging` as `mode=`."""

    EACH = 0
    """Every time."""
    ONCE = 1
    """The first time only; later messages of the same text and level are dropped."""
