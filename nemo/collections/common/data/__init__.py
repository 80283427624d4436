"""Data formats that the collections share."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {"manifest": ["ManifestEntry", "read_manifest", "write_manifest"], "parsers": ["CharParser", "make_parser"]},
    submodules=["manifest", "parsers"],
)
