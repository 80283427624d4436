"""Text encoders of the package transformers, and the tokenizers that models build beside them."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "encoder": ["BertEncoder"],
        "lm": ["get_lm_model", "get_pretrained_lm_models_list"],
    },
    submodules=["encoder", "lm", "model_parts"],
)
