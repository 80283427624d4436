"""Adapters that any collection may add to its networks; nemo.core.adapters holds what adds and trains them."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "adapter_module": ["AdapterModuleUtil"],
        "linear": ["LinearAdapter", "LinearAdapterConfig"],
    },
)
