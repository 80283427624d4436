"""Speech synthesis: text in, speech out."""

from nemo.package_info import __version__ as __version__
from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {}, submodules=["data", "losses", "models", "modules", "text"])
