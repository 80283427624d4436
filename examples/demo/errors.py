"""The error that ends the demo with one plain paragraph instead of a traceback."""


class DemoError(RuntimeError):
    """A step of the demo cannot go on; the message says what was wrong, what was expected and how to mend it."""
