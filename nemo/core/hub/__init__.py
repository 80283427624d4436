"""The Hugging Face Hub: models fetched from there and published there."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "model_card": ["make_model_card"],
        "publish": ["publish_model"],
        "repository": ["HubUnreachableError", "model_in_repository"],
    },
)
