"""What two collections share: audio, tokenizers, data formats, blocks, losses, metrics."""

from nemo.package_info import __version__ as __version__
from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {},
    submodules=["adapters", "audio", "data", "losses", "metrics", "modules", "text_encoders", "tokenizers"],
)
