"""How the output of an adapter is combined with its input."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "base": ["AbstractAdapterStrategy"],
        "residual_add": ["ResidualAddAdapterStrategy", "ResidualAddAdapterStrategyConfig"],
        "return_result": ["ReturnResultAdapterStrategy", "ReturnResultAdapterStrategyConfig"],
    },
)
