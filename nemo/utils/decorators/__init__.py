"""Decorators that say something about a class or function."""

# bound at once: module and decorator share a name
from nemo.utils.decorators.deprecated import deprecated as deprecated
from nemo.utils.decorators.experimental import experimental as experimental
from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "deprecated": ["deprecated", "deprecated_warning"],
        "experimental": ["experimental"],
        "port_docs": ["add_port_docs"],
    },
)
